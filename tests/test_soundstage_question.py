"""Questions to the policy, put as what a listener would have seen."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.http_request import HttpRequest
from policies.mail import Mail
from soundstage.question import seen_in


def asked(**question: Any) -> HttpRequest:
    seen = seen_in(question)
    assert isinstance(seen, HttpRequest)
    return seen


@pytest.mark.parametrize(
    ("url", "names", "target"),
    [
        pytest.param(
            "https://api.stripe.com/v1/charges?limit=3",
            (("connect", "api.stripe.com:443"), ("sni", "api.stripe.com"), ("host", "api.stripe.com")),
            "/v1/charges?limit=3",
            id="https",
        ),
        pytest.param(
            "http://example.com:81",
            (("absolute", "example.com:81"), ("host", "example.com:81")),
            "/",
            id="http-with-port",
        ),
        pytest.param("https://10.0.0.1/a", (("connect", "10.0.0.1:443"), ("host", "10.0.0.1")), "/a", id="v4-no-sni"),
        pytest.param("https://[::1]:8443/", (("connect", "[::1]:8443"), ("host", "[::1]:8443")), "/", id="v6"),
        pytest.param(
            "http://a.test/x/../y#part", (("absolute", "a.test"), ("host", "a.test")), "/x/../y", id="nothing-is-tidied"
        ),
    ],
)
def test_url_becomes_the_names_a_client_gives(url: str, names: object, target: str) -> None:
    seen = asked(method="post", url=url)
    assert (seen.method, seen.names, seen.target) == ("POST", names, target)


def test_another_host_header_is_another_name() -> None:
    seen = asked(url="https://a.test/", headers={"Host": "b.test", "Authorization": "Bearer x"})
    assert ("host", "b.test") in seen.names
    assert seen.header("authorization") == "Bearer x"


def test_email() -> None:
    seen = seen_in({"email": {"to": ["a@b.test"], "from": "c@d.test", "subject": "Hi"}}, smtp_port=1025)
    assert isinstance(seen, Mail)
    assert (seen.sender, seen.recipients, seen.port) == ("c@d.test", ("a@b.test",), 1025)
    assert b"Subject: Hi\r\n" in (seen.body.data or b"")


@pytest.mark.parametrize(
    ("question", "message"),
    [
        pytest.param({}, "a question needs a url, an email or a job", id="neither"),
        pytest.param({"url": "ftp://a/"}, "the url 'ftp://a/' has to begin with http:// or https://", id="scheme"),
        pytest.param({"url": "http:///x"}, "the url 'http:///x' has to begin with", id="no-host"),
        pytest.param({"url": "http://a:b/"}, "the url 'http://a:b/' cannot be read: Port could", id="port"),
        pytest.param({"email": {"to": []}}, "a question about an email needs at least one recipient", id="nobody"),
    ],
)
def test_wrong_question_is_told(question: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match="^" + message.replace("(", r"\(")):
        seen_in(question)


@given(st.text())
def test_any_text_is_read_or_told(url: str) -> None:
    told = ""
    try:
        assert asked(url=f"http://{url}").target.startswith("/")
    except ValueError as wrong:
        told = str(wrong)
    assert not told or told.startswith("the url")
