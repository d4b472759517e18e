"""Api: the running Soundstage's HTTP API, as the command line asks it. No answer is never taken for one."""

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self

from soundstage import addresses
from soundstage.admin_token import read_token
from soundstage.settings import Settings
from soundstage.trouble import ConfigError, SoundstageError, Unanswered

if TYPE_CHECKING:
    import httpx

SECONDS = 30.0
PAGE = 1000
"""Captures asked for at once: the most that the API gives."""


class Api:
    """Found by SOUNDSTAGE_URL and SOUNDSTAGE_TOKEN, else by the data directory's files."""

    def __init__(self, url: str, token: str) -> None:
        import httpx  # here: `soundstage env` and `soundstage run` seldom ask, and start a third faster without it

        self._url = url.rstrip("/")
        # trust_env off: `soundstage env` may be in force here, and the API does not answer through its own proxy.
        headers = {"authorization": f"Bearer {token}", "accept": "application/json"}
        self._client = httpx.Client(base_url=self._url, headers=headers, timeout=SECONDS, trust_env=False)

    @classmethod
    def found(cls, settings: Settings, environ: Mapping[str, str] = os.environ) -> "Api":
        """Raises Unanswered where nothing says where it is, ConfigError where the token is missing."""
        url, token = environ.get("SOUNDSTAGE_URL"), environ.get("SOUNDSTAGE_TOKEN")
        if url and not token:
            raise ConfigError(f"SOUNDSTAGE_URL={url} is set, and SOUNDSTAGE_TOKEN is not", "the API needs both")
        if url and token:
            return cls(url, token)
        bound = addresses.read(settings.data_dir)
        return cls(bound.dashboard, token or read_token(settings.token_file))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._client.close()

    def get(self, path: str, query: Mapping[str, str | int] | None = None) -> Any:
        """The answer's JSON."""
        return self._read(self._ask("GET", path, params=dict(query or {})))

    def post(self, path: str, body: Any, *, seconds: float = SECONDS) -> Any:
        """The answer's JSON."""
        return self._read(self._ask("POST", path, json=body, timeout=seconds))

    def delete(self, path: str, query: Mapping[str, str]) -> Any:
        """The answer's JSON. Removal goes in slices and may take its time."""
        return self._read(self._ask("DELETE", path, params=dict(query), timeout=600.0))

    def captures(self, filters: Mapping[str, str], limit: int | None = None) -> Iterator[dict[str, Any]]:
        """All that match, newest first, page by page."""
        query: dict[str, str | int] = {**filters}
        while limit is None or limit > 0:
            page = self.get("/api/captures", {**query, "limit": min(limit or PAGE, PAGE)})
            yield from page["items"]
            if page["next"] is None:
                return
            query["after"] = page["next"]
            limit = None if limit is None else limit - len(page["items"])

    def _ask(self, method: str, path: str, **options: Any) -> "httpx.Response":
        import httpx

        try:
            answer = self._client.request(method, path, **options)
        except httpx.HTTPError as trouble:
            why = str(trouble) or type(trouble).__name__
            message = f"Soundstage does not answer at {self._url}: {why}"
            raise Unanswered(message, "is `soundstage up` running?") from None
        if answer.is_success:
            return answer
        raise self._refusal(answer)

    def _read(self, answer: "httpx.Response") -> Any:
        try:
            return answer.json()
        except ValueError:
            message = f"what answers at {self._url} is not Soundstage: it said {answer.text[:60]!r}"
            raise Unanswered(message, "does SOUNDSTAGE_URL name the dashboard?") from None

    def _refusal(self, answer: "httpx.Response") -> SoundstageError:
        if answer.status_code in (401, 403):
            hint = "set SOUNDSTAGE_TOKEN to the one in its data directory's admin.token"
            return ConfigError(f"{self._url} does not accept the token", hint)
        try:
            detail = answer.json()["detail"]
        except (ValueError, KeyError, TypeError):
            detail = f"{answer.status_code} {answer.reason_phrase}"
        kind = ConfigError if answer.is_client_error else Unanswered
        return kind(str(detail).rstrip("."))
