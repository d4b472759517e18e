"""Links as they stand in text and HTML."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.mime_links import LINKS, links_of, text_of_html


@pytest.mark.parametrize(
    ("text", "page", "links"),
    [
        pytest.param("see https://x.test/a?b=1.", "", ("https://x.test/a?b=1",), id="full-stop"),
        pytest.param("https://x.test/a_", "", ("https://x.test/a_",), id="base64url"),
        pytest.param("**https://x.test/a**", "", ("https://x.test/a",), id="strong"),
        pytest.param("(https://x.test/a_(b))", "", ("https://x.test/a_(b)",), id="brackets"),
        pytest.param("<https://x.test/>", "", ("https://x.test/",), id="angle-brackets"),
        pytest.param("", '<a href="https://x.test/?a=1&amp;b=2">x</a>', ("https://x.test/?a=1&b=2",), id="entity"),
        pytest.param("", "<A class=x HREF='https://x.test/'>x</A>", ("https://x.test/",), id="single-quotes"),
        pytest.param("", "<a href=https://x.test/>x</a>", ("https://x.test/",), id="no-quotes"),
        pytest.param(
            "", '<a\n href = "https://x.test/\n  long">x</a>', ("https://x.test/long",), id="broken-over-lines"
        ),
        pytest.param("", '<a href="shopapp://order/1">x</a>', ("shopapp://order/1",), id="app-link"),
        pytest.param("", '<a href="javascript:alert(1)">x</a><a href="mailto:a@b">y</a>', (), id="not-links"),
        pytest.param("", '<a href=" JaVaScRiPt:alert(1)">x</a><a href="/relative">y</a>', (), id="hidden-script"),
        pytest.param("", '<img src="https://x.test/pixel.gif">', (), id="images-are-no-links"),
        pytest.param("https://x.test/", '<a href="https://x.test/">x</a>', ("https://x.test/",), id="once"),
    ],
)
def test_links(text: str, page: str, links: tuple[str, ...]) -> None:
    assert links_of(text, page) == links


def test_links_are_bounded() -> None:
    assert len(links_of("".join(f"https://x.test/{n} " for n in range(5000)), "")) == LINKS


def test_text_of_html_is_readable() -> None:
    page = (
        "<html><head><title>t</title><style>p{}</style></head><body><h1>Hello&nbsp;you</h1>"
        "<p>one<br>two</p><script>x()</script><!-- no --><table><tr><td>a</td><td>b</td></tr></table></body>"
    )
    assert text_of_html(page) == "Hello you\none\ntwo\na b"


@given(st.text(), st.text(alphabet="<a href=\"'>&;:/x \n!-"))
def test_any_page_is_read(text: str, page: str) -> None:
    links_of(text, page)
    text_of_html(page)
