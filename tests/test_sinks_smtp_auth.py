"""The exchanges of each mechanism."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.http_request import RunClaim
from sinks.smtp_auth import MECHANISMS, BadAuth, Exchange, decoded, exchange


def finished(going: Exchange, *responses: bytes) -> RunClaim:
    next(going)
    for response in responses:
        try:
            going.send(response)
        except StopIteration as done:
            claim = done.value
            assert isinstance(claim, RunClaim)
            return claim
    raise AssertionError("the exchange did not end")


@pytest.mark.parametrize(
    ("mechanism", "responses", "claim"),
    [
        pytest.param("PLAIN", (b"\0run\0token",), RunClaim("run", "token"), id="plain"),
        pytest.param(
            "plain", (b"admin\0run\0token",), RunClaim("run", "token"), id="plain-with-authorisation-identity"
        ),
        pytest.param("LOGIN", (b"run", b"token"), RunClaim("run", "token"), id="login"),
        pytest.param("XOAUTH2", (b"user=run\x01auth=Bearer a=b\x01\x01",), RunClaim("run", "a=b"), id="xoauth2"),
    ],
)
def test_claims(mechanism: str, responses: tuple[bytes, ...], claim: RunClaim) -> None:
    assert finished(exchange(mechanism, "stage.test"), *responses) == claim


def test_cram_md5_keeps_challenge_and_digest_as_the_token() -> None:
    going = exchange("CRAM-MD5", "stage.test")
    challenge = next(going).decode()
    with pytest.raises(StopIteration) as done:
        going.send(b"a run 0123456789abcdef")
    assert done.value.value == RunClaim("a run", f"cram-md5:{challenge}:0123456789abcdef")
    assert challenge != next(exchange("CRAM-MD5", "stage.test")).decode()


@pytest.mark.parametrize(
    ("response", "octets"), [(b"YQ==", b"a"), (b"=", b""), (b"", b"")], ids=["ordinary", "empty-as-equals", "empty"]
)
def test_responses(response: bytes, octets: bytes) -> None:
    assert decoded(response) == octets


@pytest.mark.parametrize("response", [b"*", b"YQ", b"%%%%", b"\xff\xff"])
def test_bad_responses(response: bytes) -> None:
    with pytest.raises(BadAuth, match=r"^501 "):
        decoded(response)


@given(st.sampled_from(MECHANISMS), st.lists(st.binary(max_size=60), min_size=2, max_size=2))
def test_any_response_is_a_claim_or_a_refusal(mechanism: str, responses: list[bytes]) -> None:
    try:
        claim = finished(exchange(mechanism, "stage.test"), *responses)
    except BadAuth:
        return
    assert claim.run is not None
