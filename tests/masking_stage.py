"""MaskingStage: a masker, requests to mask, and masked text made comparable."""

import re

from ledger.masking import Masker
from policies.body import Body
from policies.http_request import HttpRequest
from policies.secret_place import SecretPlace

MASKER = Masker(b"k" * 32)
SECRET = "s3cr3tZq9vXw7"
FORM, JSON, XML = "application/x-www-form-urlencoded", "application/json", "application/xml"
CARD = "4242424242424242"


def request_of(
    body: bytes = b"", content_type: str = JSON, target: str = "/v1/things", headers: tuple[tuple[str, str], ...] = ()
) -> HttpRequest:
    return HttpRequest(
        "POST",
        "https",
        (("host", "api.example.com"),),
        target,
        (("content-type", content_type), *headers),
        "10.0.0.1",
        Body.of(body),
    )


def masked(
    body: bytes | str, content_type: str = JSON, places: tuple[SecretPlace, ...] = (), message: bool = False
) -> bytes:
    octets = body.encode() if isinstance(body, str) else body
    kept = MASKER.request(request_of(octets, content_type), places, exact_body=False, message=message).body
    assert kept.data is None or kept == Body.of(kept.data)  # None: nobody can tell what is in it, so it is not kept
    return kept.data or b""


def readable(text: bytes) -> str:
    """With digests as dots."""
    return re.sub(r"(\[removed:\w+:)[0-9a-f]{6}\]", r"\1...]", text.decode())
