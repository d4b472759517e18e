"""A run's own token is known by its form, and removed wherever it turns up."""

import base64
import json

import pytest
from masking_stage import FORM, JSON, MASKER, masked, readable, request_of

from ledger.run_keys import BEGINS, RunKeys

KEYS = RunKeys(b"k" * 32)
RUN = "run-4f6kq2m7xw"
TOKEN = KEYS.token(RUN)


def coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize("token", [TOKEN, KEYS.api_token(RUN)], ids=["traffic", "api"])
def test_a_token_begins_as_it_is_known(token: str) -> None:
    assert token.startswith(BEGINS)
    assert MASKER.words(f"x {token} y").startswith("x [removed:run_token:")


@pytest.mark.parametrize(
    ("body", "content_type", "message", "kept"),
    [
        pytest.param(f'{{"note":"{TOKEN}"}}', JSON, False, '{"note":"[removed:run_token:...]"}', id="json"),
        pytest.param(f"a=1&note={TOKEN}", FORM, False, "a=1&note=[removed:run_token:...]", id="form"),
        pytest.param(f"a=x%20{TOKEN}", FORM, False, "a=x%20[removed:run_token:...]", id="within-a-form-value"),
        pytest.param(f"it was x{TOKEN}!", "text/plain", False, "it was x[removed:run_token:...]!", id="text"),
        pytest.param(TOKEN.replace("_", "%5F"), "text/plain", False, "[removed:run_token:...]", id="escaped"),
        pytest.param(
            json.dumps({"error": f"ProxyError(http://{RUN}:{TOKEN}@127.0.0.1:8080)"}),
            JSON,
            False,
            f'{{"error": "ProxyError(http://{RUN}:[removed:url_password:...]@127.0.0.1:8080)"}}',
            id="an-error-report",
        ),
        pytest.param(
            json.dumps({"text": f"ProxyError(http://{RUN}:{TOKEN}@127.0.0.1:8080), sorry"}),
            JSON,
            True,
            f'{{"text": "ProxyError(http://{RUN}:[removed:run_token:...]@127.0.0.1:8080), sorry"}}',
            id="a-message-to-people",
        ),
        pytest.param(
            json.dumps({"text": "http://user:hunter2@shop.test/ is the way"}),
            JSON,
            True,
            '{"text": "http://user:hunter2@shop.test/ is the way"}',
            id="what-a-message-says-otherwise-stays",
        ),
    ],
)
def test_a_token_in_a_body_is_removed(body: str, content_type: str, message: bool, kept: str) -> None:
    assert readable(masked(body, content_type, message=message)) == kept


@pytest.mark.parametrize("run", ["ci", "ci-1", "ci-12", RUN], ids=["two", "four", "five", "usual"])
@pytest.mark.parametrize("message", [False, True], ids=["call", "message"])
def test_proxy_credentials_copied_into_a_body_are_removed(run: str, message: bool) -> None:
    pair = f"{run}:{KEYS.token(run)}"
    for spelt in (coded(pair), base64.urlsafe_b64encode(pair.encode()).decode()):
        shown = masked(json.dumps({"text": f"sent {spelt} with it"}), message=message)
        assert spelt[-40:].encode() not in shown
        assert b"[removed:run_token:" in shown


def test_what_is_shown_of_a_message_holds_no_token() -> None:
    shown = MASKER.facts({"to": ["ann@example.test"], "text": f"it was {TOKEN}, code 493817", "subject": "code 493817"})
    assert readable(shown["text"].encode()) == "it was [removed:run_token:...], code 493817"
    assert (shown["to"], shown["subject"]) == (["ann@example.test"], "code 493817")


@pytest.mark.parametrize("run", ["a", "ab", "abc"])
def test_no_credentials_in_base64_fill_whole_groups_with_their_token(run: str) -> None:
    """Whatever stands before the token, and after it."""
    for after in ("", "x", "yz"):
        shown = masked(f"see {coded(f'{run}:{KEYS.token(run)}{after}')}", "text/plain")
        assert shown.startswith(b"see ")
        assert shown.endswith(b"]")


def test_a_token_in_a_header_a_query_and_a_path_is_removed() -> None:
    shown = MASKER.request(
        request_of(
            target=f"/runs/{TOKEN}?next={TOKEN}", headers=(("x-odd", f"a {TOKEN}"), ("via", coded(f"r:{TOKEN}")))
        ),
        (),
        exact_body=False,
        message=False,
    )
    assert TOKEN not in f"{shown.path} {shown.query} {shown.headers}"
    assert f"{shown.path} {shown.query} {shown.headers}".count("[removed:run_token:") == 4


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("soundstage_wireguard_dropped_packets 7", id="a-figure-s-name"),
        pytest.param(
            coded("soundstage_wireguard_dropped_packets 7\nsoundstage_wireguard_open_flows 8"), id="in-base64"
        ),
        pytest.param("da39a3ee5e6b4b0d3255bfef95601890afd80709", id="a-digest"),
    ],
)
def test_what_is_no_token_stays(text: str) -> None:
    assert masked(f'{{"note":"{text}"}}') == f'{{"note":"{text}"}}'.encode()
