"""The mail inside a provider's API call: HTML and text whole, by whatever names."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from dashboard_stage import capture, staged
from hypothesis import given
from hypothesis import strategies as st
from running import PATIENCE

from dashboard.called_mail import LARGEST, called_mail

HTML, TEXT = "<h1>Hello</h1>" + "x" * 700, "Hello"


@pytest.mark.parametrize(
    ("call", "found"),
    [
        pytest.param(
            {"content": [{"type": "text/plain", "value": TEXT}, {"type": "text/html; charset=utf-8", "value": HTML}]},
            {"html": HTML, "text": TEXT},
            id="sendgrid",
        ),
        pytest.param(
            {"Content": {"Simple": {"Subject": {"Data": "s"}, "Body": {"Html": {"Data": HTML}}}}},
            {"html": HTML},
            id="ses-v2",
        ),
        pytest.param({"From": "a", "HtmlBody": HTML, "TextBody": TEXT}, {"html": HTML, "text": TEXT}, id="flat-names"),
        pytest.param({"message": {"html": HTML, "text": ""}}, {"html": HTML}, id="an-empty-text-is-none"),
        pytest.param([{"html": HTML}, {"html": "second"}], {"html": HTML}, id="the-first-of-several"),
        pytest.param({"subject": "html", "tags": ["text"], "html": 7}, {}, id="nothing-like-it"),
        pytest.param("html", {}, id="no-object"),
        pytest.param({"html": "half \ud800 a pair"}, {"html": "half ? a pair"}, id="what-no-utf-8-can-say"),
    ],
)
def test_both_are_found_in_json(call: Any, found: dict[str, str]) -> None:
    assert called_mail(json.dumps(call).encode(), "application/json") == found


def test_both_are_found_in_a_form() -> None:
    form = b"Action=SendEmail&Message.Body.Html.Data=%3Cp%3EHi%3C%2Fp%3E&Message.Body.Text.Data=Hi&Message.Body=x"
    assert called_mail(form, "application/x-www-form-urlencoded") == {"html": "<p>Hi</p>", "text": "Hi"}
    assert called_mail(b"html=%3Cp%3E&text=Hi", "application/x-www-form-urlencoded") == {"html": "<p>", "text": "Hi"}


def test_what_is_too_large_or_too_deep_is_left_alone() -> None:
    assert called_mail(b'{"html": "' + b"x" * LARGEST + b'"}', "application/json") == {}
    assert called_mail(b"[" * 100_000, "application/json") == {}


@given(st.binary(max_size=200), st.sampled_from(["application/json", "application/x-www-form-urlencoded", None]))
def test_whatever_a_body_holds_nothing_is_raised(raw: bytes, kind: str | None) -> None:
    assert set(called_mail(raw, kind)) <= {"html", "text"}


async def test_half_a_surrogate_pair_in_a_body_takes_no_page_away(tmp_path: Path) -> None:
    record = capture(host="a.test", scheme="https", raw=b'{"html": "x \\ud800"}', content_type="application/json")
    async with staged(tmp_path) as stage:
        added = await stage.add(record)
        async with httpx.AsyncClient(
            base_url=stage.url, headers=stage.bearer, trust_env=False, timeout=PATIENCE
        ) as client:
            for path in (f"/attempts/{added}", f"/inbox/{added}", f"/mail/{added}/html"):
                assert (await client.get(path)).status_code == 200, path
            assert "x \\ud800" in (await client.get(f"/attempts/{added}")).text


async def test_the_inbox_reads_it_as_a_mail(tmp_path: Path) -> None:
    page = f"<h1>Hello Ann</h1>{'<p>more</p>' * 90}<p>Your code is 481516. <a href='https://shop.example/c/1'>go</a>"
    call = json.dumps({"subject": "Hi", "content": [{"type": "text/html", "value": page}]}).encode()
    facts = {"to": ["ann@example.com"], "subject": "Hi", "text": page[:500]}
    record = capture(host="api.sendgrid.com", scheme="https", facts=facts, raw=call, content_type="application/json")
    async with staged(tmp_path) as stage:
        added = await stage.add(record)
        async with httpx.AsyncClient(
            base_url=stage.url, headers=stage.bearer, trust_env=False, timeout=PATIENCE
        ) as client:
            told = (await client.get(f"/api/captures/{added}")).json()
            assert (told["html"], told["text"]) == (page, None)
            assert (told["links"], told["codes"]) == (["https://shop.example/c/1"], ["481516"])
            shown = (await client.get(f"/inbox/{added}")).text
            assert "<iframe" in shown
            assert "<code>481516</code>" in shown
            assert 'title="https://shop.example/c/1"' in shown
            framed = await client.get(f"/mail/{added}/html")
            assert page in framed.text
            assert framed.headers["content-security-policy"].startswith("sandbox;")
