"""How captures look: titles, amounts, sizes, times, curl commands, bodies made readable."""

import shlex
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dashboard.curl_command import curl_command
from dashboard.look import money, title
from dashboard.readable_body import READABLE_LIMIT, pretty, readable
from dashboard.rendering import ago, size


def shown(**more: Any) -> dict[str, Any]:
    target = {"scheme": "https", "host": "api.example.com", "port": 443, "method": "POST", "path": "/v1/x"}
    made = {"channel": "web", "operation": None, "provider": None, "facts": {}, "target": target, "reason": "r"}
    return {**made, "headers": [], "query": "", "body": None, "payload": {"size": 0}, **more}


@pytest.mark.parametrize(
    ("capture", "expected"),
    [
        pytest.param(shown(channel="email", facts={"subject": "Hello"}), "Hello", id="subject"),
        pytest.param(shown(channel="email", facts={"subject": " a\r\n\tb "}), "a b", id="one-line"),
        pytest.param(shown(channel="email", facts={}), "(no subject)", id="no-subject"),
        pytest.param(shown(channel="sms", facts={"text": "Code 1234"}), "Code 1234", id="text"),
        pytest.param(
            shown(channel="payment", operation="charge.create", facts={"amount": 4200, "currency": "eur"}),
            "42.00 EUR charge.create",
            id="amount",
        ),
        pytest.param(shown(operation="PutObject", facts={"key": "a.pdf"}), "PutObject a.pdf", id="object"),
        pytest.param(shown(), "POST api.example.com/v1/x", id="request-line"),
        pytest.param(shown(channel="email", facts={"subject": "x" * 500}), "x" * 199 + "…", id="cut"),
    ],
)
def test_title(capture: dict[str, Any], expected: str) -> None:
    assert title(capture) == expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"amount": 4200, "currency": "eur"}, "42.00 EUR"),
        ({"amount": 4200, "currency": "jpy"}, "4,200 JPY"),
        ({"amount": "42.00", "currency": "USD"}, "42.00 USD"),
        ({"amount": 0}, "0.00"),
        ({"amount": True, "currency": "eur"}, "True EUR"),
    ],
)
def test_money(facts: dict[str, Any], expected: str) -> None:
    assert money(facts).strip() == expected


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (9949, "9.9 kB"),
        (14_400, "14 kB"),
        (999_600, "1.0 MB"),
        (5 * 10**9, "5.0 GB"),
    ],
)
def test_size(octets: int, expected: str) -> None:
    assert size(octets) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "now"), (0.9, "now"), (12, "12 s"), (200, "3 min"), (7300, "2 h"), (200_000, "2 d"), (-7300, "in 2 h")],
)
def test_ago(seconds: float, expected: str) -> None:
    assert ago(seconds) == expected


def test_curl_says_what_was_sent() -> None:
    capture = shown(
        query="a=1", headers=[["content-type", "application/json"], ["content-length", "9"]], body='{"a": 1}'
    )
    assert shlex.split((curl_command(capture) or "").replace("\\\n", " ")) == [
        "curl", "-X", "POST", "https://api.example.com/v1/x?a=1", "-H", "content-type: application/json",
        "--data-raw", '{"a": 1}',
    ]  # fmt: skip


def test_a_mail_is_no_curl_command() -> None:
    assert curl_command(shown(target={"scheme": "smtp", "host": "mail", "port": 25})) is None


@given(st.text(), st.text(), st.text())
@example("", "", "\n")
def test_nothing_captured_leaves_its_quotes(path: str, header: str, body: str) -> None:
    target = {"scheme": "https", "host": "x.example", "port": 8443, "method": "PUT", "path": path or "/"}
    capture = shown(target=target, headers=[["x", header]], body=body)
    made = curl_command(capture) or ""
    continued = "\n"  # what shlex makes of a line that a shell continues
    assert shlex.split(made) == [
        "curl", "-X", "PUT", f"https://x.example:8443{path or '/'}", continued, "-H", f"x: {header}", continued,
        "--data-raw", body,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        pytest.param(b"", "text/plain", None, id="empty"),
        pytest.param(b"hello", None, "hello", id="text-undeclared"),
        pytest.param(b"\x00\x01", None, None, id="binary"),
        pytest.param(b"\xff\xfe", "image/png", None, id="no-text"),
        pytest.param(b"caf\xe9", "text/plain; charset=latin-1", "café", id="another-charset"),
        pytest.param(b"x" * (READABLE_LIMIT + 9), "text/plain", "x" * READABLE_LIMIT, id="cut"),
    ],
)
def test_readable(body: bytes, content_type: str | None, expected: str | None) -> None:
    assert readable(body, content_type) == expected


@pytest.mark.parametrize(
    ("text", "content_type", "expected"),
    [
        pytest.param('{"a":1}', "application/json", '{\n  "a": 1\n}', id="json"),
        pytest.param('{"a":', "application/json", '{"a":', id="broken-json"),
        pytest.param("a=1&b=x%20y", "application/x-www-form-urlencoded", "a = 1\nb = x y", id="form"),
        pytest.param("[" * 100_000, "application/json", "[" * 100_000, id="deep"),
        pytest.param("plain", "text/plain", "plain", id="text"),
    ],
)
def test_pretty(text: str, content_type: str, expected: str) -> None:
    assert pretty(text, content_type) == expected


@given(st.binary(), st.sampled_from([None, "text/plain", "application/json", "application/x-www-form-urlencoded", "x"]))
def test_any_body_can_be_looked_at(body: bytes, content_type: str | None) -> None:
    text = readable(body, content_type)
    assert text is None or isinstance(pretty(text, content_type), str)
