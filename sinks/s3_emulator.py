"""The S3 emulator: captured S3 calls answered by moto, so that what was put can be read, listed, copied and deleted."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from ledger.reply import Reply
from policies.body import Body
from policies.http_request import HttpRequest
from sinks.moto_supervisor import MotoProcess
from sinks.passage import Passage

if TYPE_CHECKING:
    import httpx

AUTHORITY = "s3.amazonaws.com"
STAND_IN_SIGNATURE = (
    "AWS4-HMAC-SHA256 Credential=soundstage/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
)
"""moto takes an unsigned read for an anonymous one and refuses it; what is captured is never verified."""

NOT_FORWARDED = frozenset({"host", "connection", "proxy-connection", "proxy-authorization", "expect", "content-length"})
NOT_RETURNED = frozenset({"access-control-allow-origin", "connection", "content-length", "date", "server"})
CHUNK = 256 * 1024


class S3Emulator:
    """Answers S3's REST protocol. A bucket nobody created is made when it is first named: staging's buckets exist."""

    def __init__(self, moto: MotoProcess) -> None:
        self._moto = moto
        self._client: httpx.AsyncClient | None = None
        self._generation = 0
        self._buckets: set[str] = set()

    async def answer(self, passage: Passage) -> Reply:
        """moto's answer to one request. Raises EmulatorUnavailable where there is no proved emulator."""
        request = passage.seen
        if not isinstance(request, HttpRequest):
            raise TypeError(f"the S3 emulator answers HTTP, not {type(request).__name__}")
        client = await self._ready()
        bucket = passage.effect.facts.get("bucket")
        if bucket and passage.effect.operation != "CreateBucket":
            await self._provide(client, str(bucket))
        response = await client.request(
            request.method,
            self._url(passage, request),
            headers=[*_forwarded(request), ("host", AUTHORITY)],
            content=_content(request.body),
        )
        return _reply(response)

    async def _ready(self) -> "httpx.AsyncClient":
        import httpx  # like moto itself: on first use, not at every start

        await self._moto.ensure()
        if self._client is None or self._generation != self._moto.generation:
            await self.close()
            transport = httpx.AsyncHTTPTransport(uds=self._moto.socket_path)
            self._client = httpx.AsyncClient(transport=transport, trust_env=False, timeout=60, base_url="http://s3")
            self._generation, self._buckets = self._moto.generation, set()
        return self._client

    async def _provide(self, client: "httpx.AsyncClient", bucket: str) -> None:
        if bucket in self._buckets:
            return
        await client.put(f"/{quote(bucket)}", headers={"host": AUTHORITY, "authorization": STAND_IN_SIGNATURE})
        self._buckets.add(bucket)

    @staticmethod
    def _url(passage: Passage, request: HttpRequest) -> str:
        """Path style always: whatever compatible store was meant, moto is asked about its bucket and key."""
        path, _, query = request.target.partition("?")
        bucket = passage.effect.facts.get("bucket")
        if bucket and passage.effect.target.host.startswith(f"{bucket}."):
            path = f"/{quote(str(bucket))}{path}"
        return f"{path}?{query}" if query else path

    async def close(self) -> None:
        """Close the connections to moto; the process is its supervisor's."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None


def _forwarded(request: HttpRequest) -> list[tuple[str, str]]:
    kept = [(name, value) for name, value in request.headers if name not in NOT_FORWARDED]
    kept.append(("content-length", str(request.body.size)))
    if request.header("authorization") is None:
        kept.append(("authorization", STAND_IN_SIGNATURE))
    return kept


def _content(body: Body) -> bytes | AsyncIterator[bytes]:
    if body.path is not None:
        return _pieces(body.path)
    return body.data or b""


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    # A local file that was just written: reading a piece comes out of the page cache and does not hold the loop up.
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            yield piece


def _reply(response: "httpx.Response") -> Reply:
    headers = tuple((name, value) for name, value in response.headers.multi_items() if name not in NOT_RETURNED)
    if not response.content:
        headers = tuple((name, value) for name, value in headers if name != "content-type")
    if response.request.method == "HEAD" and "content-length" in response.headers:
        headers = (*headers, ("content-length", response.headers["content-length"]))
    return Reply(fidelity="emulated", status=response.status_code, headers=headers, body=response.content)
