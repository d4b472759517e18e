"""Which destination a client meant, and where its names disagree."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.http_request import NameSource
from policies.naming import UNNAMED, Meant, Names, meant

STRIPE = "api.stripe.com"


def agreed(host: str, port: int, *, canonical: bool = True, by_number: bool = False) -> Meant:
    return Meant(host, port, (), canonical, by_number)


@pytest.mark.parametrize(
    ("names", "scheme", "port", "expected"),
    [
        pytest.param((("host", STRIPE),), "http", None, agreed(STRIPE, 80), id="host-alone"),
        pytest.param((("sni", STRIPE), ("host", STRIPE)), "https", 443, agreed(STRIPE, 443), id="steered-tls"),
        pytest.param(
            (("connect", f"{STRIPE}:443"), ("sni", STRIPE), ("host", STRIPE)),
            "https",
            None,
            agreed(STRIPE, 443),
            id="connect-sni-host",
        ),
        pytest.param(
            (("connect", f"{STRIPE}:443"), ("sni", STRIPE), ("authority", STRIPE)),
            "https",
            None,
            agreed(STRIPE, 443),
            id="http-2",
        ),
        pytest.param(
            (("authority", STRIPE), ("host", STRIPE)), "https", None, agreed(STRIPE, 443), id="authority-and-host"
        ),
        pytest.param((("absolute", STRIPE), ("host", STRIPE)), "http", None, agreed(STRIPE, 80), id="absolute-form"),
        pytest.param(
            (("absolute", f"http://{STRIPE}/v1?x=a@b"), ("host", STRIPE)),
            "http",
            None,
            agreed(STRIPE, 80),
            id="absolute-uri-in-full",
        ),
        pytest.param(
            (("connect", "x.example:8443"), ("sni", "x.example"), ("host", "x.example:8443")),
            "https",
            None,
            agreed("x.example", 8443),
            id="another-port-everywhere",
        ),
        pytest.param(
            (("sni", STRIPE), ("host", f"{STRIPE}:443")), "https", None, agreed(STRIPE, 443), id="usual-port-written"
        ),
        pytest.param((("host", "x.example"),), "http", 8080, agreed("x.example", 8080), id="port-of-the-entrance"),
        pytest.param(
            (("connect", "203.0.113.7:443"), ("host", "203.0.113.7")),
            "https",
            None,
            agreed("203.0.113.7", 443, by_number=True),
            id="by-number",
        ),
        pytest.param((("host", "[::1]:80"),), "http", None, agreed("::1", 80, by_number=True), id="ipv6"),
        pytest.param(
            (("host", "2130706433"),),
            "http",
            None,
            agreed("127.0.0.1", 80, canonical=False, by_number=True),
            id="number-in-disguise",
        ),
        pytest.param((("host", "API.stripe.com"),), "http", None, agreed(STRIPE, 80, canonical=False), id="case"),
        pytest.param((("host", f"{STRIPE}."),), "http", None, agreed(STRIPE, 80, canonical=False), id="trailing-dot"),
        pytest.param((("host", f"{STRIPE}:"),), "http", None, agreed(STRIPE, 80, canonical=False), id="empty-port"),
        pytest.param((("host", f"{STRIPE}:0080"),), "http", None, agreed(STRIPE, 80, canonical=False), id="zeros"),
        pytest.param(
            (("sni", STRIPE.upper()), ("host", STRIPE)),
            "https",
            None,
            agreed(STRIPE, 443, canonical=False),
            id="case-of-sni",
        ),
        pytest.param(
            (("absolute", STRIPE),), "http", None, agreed(STRIPE, 80, canonical=False), id="absolute-without-host"
        ),
        pytest.param((("sni", STRIPE),), "tcp", 443, agreed(STRIPE, 443), id="raw-connection"),
        pytest.param(
            (("connect", f"{STRIPE}:25"), ("sni", STRIPE)), "tcp", None, agreed(STRIPE, 25), id="raw-in-a-tunnel"
        ),
    ],
)  # fmt: skip
def test_agreed(names: Names, scheme: str, port: int | None, expected: Meant) -> None:
    assert meant(names, scheme, port) == expected


@pytest.mark.parametrize(
    ("names", "scheme", "conflicts"),
    [
        pytest.param(
            (("sni", STRIPE), ("host", "evil.example")),
            "https",
            ("SNI names api.stripe.com, but Host names evil.example",),
            id="fronting",
        ),
        pytest.param(
            (("connect", f"{STRIPE}:443"), ("sni", "evil.example"), ("host", STRIPE)),
            "https",
            ("CONNECT names api.stripe.com, but SNI names evil.example",),
            id="connect-against-sni",
        ),
        pytest.param(
            (("absolute", STRIPE), ("host", "evil.example")),
            "http",
            ("the absolute URI names api.stripe.com, but Host names evil.example",),
            id="absolute-against-host",
        ),
        pytest.param(
            (("connect", "203.0.113.7:443"), ("sni", STRIPE), ("host", STRIPE)),
            "https",
            (
                "CONNECT names 203.0.113.7, but SNI names api.stripe.com",
                "CONNECT names 203.0.113.7, but Host names api.stripe.com",
            ),
            id="address-against-name",
        ),
        pytest.param(
            (("authority", STRIPE), ("host", "evil.example")),
            "https",
            (":authority names api.stripe.com, but Host names evil.example",),
            id="authority-against-host",
        ),
        pytest.param(
            (("connect", f"{STRIPE}:8443"), ("host", STRIPE)),
            "https",
            ("CONNECT means port 8443, but Host port 443",),
            id="ports",
        ),
        pytest.param(
            (("connect", f"{STRIPE}:443"), ("host", STRIPE)),
            "http",
            ("CONNECT means port 443, but Host port 80",),
            id="plain-http-in-a-tunnel-to-443",
        ),
        pytest.param(
            (("host", STRIPE), ("host", STRIPE)),
            "http",
            ("there are 2 names of Host, where one belongs",),
            id="two-equal-hosts",
        ),
        pytest.param(
            (("host", STRIPE), ("host", "evil.example")),
            "http",
            (
                "there are 2 names of Host, where one belongs",
                "Host names api.stripe.com, but Host names evil.example",
            ),
            id="two-hosts",
        ),
        pytest.param((("sni", STRIPE),), "https", ("the request names no host",), id="no-host"),
        pytest.param((), "http", ("the request names no host",), id="nothing-at-all"),
        pytest.param(
            (("host", ""),), "http", ("Host names no host: '' is not a host name: it is empty",), id="empty-host"
        ),
        pytest.param((("host", "a@b"),), "http",
                     ("Host carries user information, which hides the host it names",), id="user-information"),
        pytest.param((("absolute", "http://api.stripe.com@evil.example/"), ("host", "evil.example")), "http",
                     ("the absolute URI carries user information, which hides the host it names",),
                     id="user-information-in-a-uri"),
        pytest.param((("host", "api.stripe.com\\.evil.example"),), "http", ("Host contains a backslash",),
                     id="backslash"),
        pytest.param((("host", "2001:db8::1"),), "http", ("Host '2001:db8::1' is not a host and a port",),
                     id="ipv6-without-brackets"),
        pytest.param((("host", "[::1]x"),), "http", ("Host '[::1]x' is not a host and a port",), id="after-a-bracket"),
        pytest.param((("connect", STRIPE), ("host", STRIPE)), "https",
                     ("CONNECT 'api.stripe.com' names no port",), id="connect-without-port"),
        pytest.param((("host", f"{STRIPE}:0"),), "http",
                     ("Host names the port '0', which is not a number from 1 to 65535",), id="port-zero"),
        pytest.param((("host", f"{STRIPE}:65536"),), "http",
                     ("Host names the port '65536', which is not a number from 1 to 65535",), id="port-too-high"),
        pytest.param((("host", f"{STRIPE}:80,evil.example"),), "http",
                     ("Host names the port '80,evil.example', which is not a number from 1 to 65535",), id="list"),
    ],
)  # fmt: skip
def test_conflicts(names: Names, scheme: str, conflicts: tuple[str, ...]) -> None:
    assert meant(names, scheme, None).conflicts == conflicts


def test_a_capture_shows_what_the_provider_would_have_read() -> None:
    fronted = meant(
        (("connect", "front.example:443"), ("sni", "front.example"), ("host", "hidden.example")), "https", None
    )
    assert (fronted.host, fronted.port) == ("hidden.example", 443)


def test_what_cannot_be_read_has_no_host_of_anybody() -> None:
    assert meant((("host", "a b"),), "http", None).host == UNNAMED


@given(
    st.lists(
        st.tuples(st.sampled_from(["connect", "sni", "absolute", "host", "authority"]), st.text(max_size=30)),
        max_size=5,
    ),
    st.sampled_from(["http", "https", "tcp"]),
    st.none() | st.integers(1, 65535),
)
def test_never_fails_and_says_whole_phrases(names: list[tuple[str, str]], scheme: str, port: int | None) -> None:
    result = meant(tuple(names), scheme, port)  # type: ignore[arg-type]  # sampled from the literal's words
    assert all(phrase.isascii() and phrase.isprintable() for phrase in result.conflicts)
    if result.host == UNNAMED and scheme != "tcp":
        assert result.conflicts


@given(st.sampled_from(["evil.example", "127.0.0.1", "x.api.stripe.com", ""]), st.integers(0, 3))
def test_one_name_that_differs_is_always_a_conflict(other: str, place: int) -> None:
    sources: tuple[NameSource, ...] = ("connect", "sni", "absolute", "host")
    texts = [other if index == place else STRIPE for index in range(4)]
    texts[0] += ":443"
    assert meant(tuple(zip(sources, texts, strict=True)), "https", None).conflicts
