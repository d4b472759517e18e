"""RunKeys: every secret of a run, derived from its id and one key of the data directory, so that none is kept."""

import hashlib
import hmac
from pathlib import Path

from ledger.data_dir import secret_of
from policies.http_request import RunClaim

BEGINS = "soundstage_"
"""By which a secret of ours is known wherever it turns up, and removed (`ledger.secret_patterns`)."""
_DIGITS = 40
"""Hexadecimal: 160 bits, and nothing in them that a URL or a shell would have to quote."""
_CRAM = "cram-md5:"
"""Begins the token of a claim by CRAM-MD5: `cram-md5:<challenge>:<digest>` (`sinks.smtp_auth`)."""


class RunKeys:
    """Derives and proves. The same key gives the same secrets after every restart."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    @classmethod
    def of(cls, data_dir: Path) -> "RunKeys":
        """With the key of a data directory, made at first use. Raises LedgerUnavailable."""
        return cls(secret_of(data_dir, "runs.key"))

    def token(self, run: str) -> str:
        """What traffic proves itself by: the proxy's password, SMTP's, and the secret of every SASL mechanism."""
        return self._derived("traffic", run)

    def api_token(self, run: str) -> str:
        """A bearer token of the API, for this run alone. It names the run, so that it can be proved by itself."""
        return f"{self._derived('api', run)}.{run}"

    def run_of(self, api_token: str) -> str | None:
        """The run whose own API token this is, or None."""
        run = api_token.partition(".")[2]
        return run if run and _same(self.api_token(run), api_token) else None

    def proves(self, claim: RunClaim) -> bool:
        """Whether a claim's token is its run's own, said outright or by CRAM-MD5 (RFC 2195)."""
        token = self.token(claim.run)
        if claim.token.startswith(_CRAM):
            challenge, _, digest = claim.token.removeprefix(_CRAM).rpartition(":")
            return _same(_hmac(token.encode(), challenge, "md5"), digest.lower())
        return _same(token, claim.token)

    def _derived(self, use: str, run: str) -> str:
        return BEGINS + _hmac(self._key, f"{use}:{run}", "sha256")[:_DIGITS]


def _hmac(key: bytes, text: str, digest: str) -> str:
    return hmac.digest(key, text.encode("utf-8", "surrogatepass"), digest).hex()


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(
        hashlib.sha256(one.encode("utf-8", "surrogatepass")).digest(),
        hashlib.sha256(other.encode("utf-8", "surrogatepass")).digest(),
    )
