"""Whole mails read: as senders make them, and as attackers do."""

import hashlib
import time
from email.message import EmailMessage

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.mime import read_message, search_text
from ledger.mime_budget import MimeBudget
from ledger.mime_tree import Node


def shop_mail() -> bytes:
    message = EmailMessage()
    message["Subject"] = "Ihre Bestellung für Zoë"
    message["From"] = "Bücher <shop@example.com>"
    message["To"] = "Zoë <zoe@example.org>, b@example.org"
    message["Cc"] = "c@example.org"
    message["Reply-To"] = "help@example.com"
    message["Date"] = "Sun, 22 Nov 2026 10:15:30 +0000"
    message.set_content("Hallo Zoë,\nIhr Code: 482913\nhttps://shop.test/o/1\n")
    message.add_alternative(
        '<p>Hallo <img src="cid:logo"> <a href="https://shop.test/o/1?x=1&amp;y=2">da</a></p>', "html"
    )
    html = message.get_payload()[1]  # type: ignore[index]  # typeshed gives every kind of payload at once
    html.add_related(b"\x89PNG", "image", "png", cid="<logo>")  # type: ignore[union-attr]
    message.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="Rechnung für Zoë.pdf")
    return message.as_bytes().replace(b"\n", b"\r\n")


def test_an_ordinary_mail() -> None:
    read = read_message(shop_mail())
    assert read.subject == "Ihre Bestellung für Zoë"
    assert read.sender == "Bücher <shop@example.com>"
    assert read.to == "Zoë <zoe@example.org>, b@example.org"
    assert (read.cc, read.reply_to, read.date) == (
        "c@example.org",
        "help@example.com",
        "Sun, 22 Nov 2026 10:15:30 +0000",
    )
    assert read.text == "Hallo Zoë,\nIhr Code: 482913\nhttps://shop.test/o/1\n"
    assert read.html.startswith("<p>Hallo <img")
    assert read.links == ("https://shop.test/o/1?x=1&y=2", "https://shop.test/o/1")
    assert read.codes == ("482913",)
    assert [(p.index, p.content_type, p.filename, p.content_id, p.inline) for p in read.parts] == [
        (0, "text/plain", None, None, True),
        (1, "text/html", None, None, True),
        (2, "image/png", None, "logo", True),
        (3, "application/pdf", "Rechnung für Zoë.pdf", None, False),
    ]
    (invoice,) = read.attachments
    assert (invoice.content, invoice.size) == (b"%PDF-1.7", 8)
    assert invoice.sha256 == hashlib.sha256(b"%PDF-1.7").hexdigest()
    assert (read.flags, read.truncated) == ((), False)
    assert ("Cc", "c@example.org") in read.headers


def test_the_tree_is_that_of_the_mail() -> None:
    related = Node("multipart/related", None, (Node("text/html", 1), Node("image/png", 2)))
    alternative = Node("multipart/alternative", None, (Node("text/plain", 0), related))
    tree = Node("multipart/mixed", None, (alternative, Node("application/pdf", 3)))
    assert read_message(shop_mail()).tree == tree


def test_what_is_searched_is_what_people_see() -> None:
    text = search_text(shop_mail())
    for word in ("Bestellung für Zoë", "shop@example.com", "482913", "Rechnung für Zoë.pdf", "c@example.org"):
        assert word in text
    assert "multipart" not in text
    assert "%PDF" not in text


def test_html_alone_is_searched_as_text() -> None:
    raw = b"Content-Type: text/html\r\n\r\n<p>Hello <b>there</b></p>"
    assert search_text(raw) == "Hello there"
    assert read_message(raw.replace(b"there", b"OTP: 482913")).codes == ("482913",)


@pytest.mark.parametrize(
    ("raw", "flag"),
    [
        pytest.param(b"Content-Type: multipart/mixed\r\n\r\nhello", "broken_tree", id="no-boundary"),
        pytest.param(
            b"Content-Type: multipart/mixed; boundary=x\r\n\r\nhello", "broken_tree", id="boundary-never-comes"
        ),
        pytest.param(
            b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nhello\r\n", "broken_tree", id="not-closed"
        ),
        pytest.param(b"Content-Transfer-Encoding: base64\r\n\r\naGVsbG8!!", "broken_base64", id="base64-with-dirt"),
        pytest.param(b"Content-Transfer-Encoding: base64\r\n\r\naGVsbG8", "broken_base64", id="base64-without-padding"),
        pytest.param(b"Content-Type: text/plain; charset=klingon\r\n\r\nhello", "unknown_charset", id="charset"),
        pytest.param(b"Content-Transfer-Encoding: x-rot\r\n\r\nhello", "unknown_encoding", id="encoding"),
        pytest.param(b"hello", "no_head", id="no-head"),
        pytest.param(b"Content-Type: nonsense\r\n\r\nhello", None, id="bad-content-type"),
        pytest.param(b"Content-Type: multipart/digest; boundary=x\r\n\r\n--x\r\n\r\nhello\r\n--x--", None, id="digest"),
    ],
)
def test_a_broken_mail_is_shown_and_flagged(raw: bytes, flag: str | None) -> None:
    read = read_message(raw)
    assert "hello" in (read.text or read.parts[0].content.decode())
    assert read.flags == (() if flag is None else (flag,))


def test_a_text_beyond_the_budget_is_cut_and_said() -> None:
    read = read_message(b"A: b\r\n\r\n" + b"x" * 100, budget=MimeBudget(text_octets=10))
    assert (read.text, read.flags, read.truncated) == ("x" * 10, ("text_truncated",), True)
    assert read.parts[0].size == 100


def nested(depth: int) -> bytes:
    return b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (level, level) for level in range(depth)
    )


NASTY = {
    "nested-10000-deep": nested(10_000),
    "100000-headers": b"X-A: b\r\n" * 100_000 + b"\r\nbody",
    "one-header-of-5-MB": b"Subject: " + b"=?utf-8?q?x?= " * 350_000 + b"\r\n\r\n",
    "folded-for-ever": b"Subject: a\r\n" + b" b\r\n" * 500_000,
    "20000-parts": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 20_000,
    "boundary-look-alikes": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--bb\r\n" * 300_000,
    "dashes": b'Content-Type: multipart/mixed; boundary="-"\r\n\r\n' + b"-" * 2_000_000,
    "same-boundary-nested": (b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n") * 20_000,
    "semicolons": b"Content-Type: text/plain" + b';a="' * 100_000 + b"\r\n\r\nx",
    "continuations": b"Content-Disposition: a" + b"".join(b";n*%d*=%%41" % n for n in range(5000)) + b"\r\n\r\n",
    "html-full-of-brackets": b"Content-Type: text/html\r\n\r\n" + b"<a href=" * 200_000,
    "html-comments-open": b"Content-Type: text/html\r\n\r\n" + b"<!--<script>" * 150_000,
    "entities": b"Content-Type: text/html\r\n\r\n" + b"&#x;&amp" * 200_000,
    "codes": b"A: b\r\n\r\n" + b"code 1234 " * 200_000,
    "urls": b"A: b\r\n\r\n" + b"https://a(((((" * 150_000,
    "url-of-brackets": b"A: b\r\n\r\nhttps://a" + b")" * 1_000_000,
    "nul-bytes": b"\0" * 1_000_000,
    "base64-of-nothing": b"Content-Transfer-Encoding: base64\r\n\r\n" + b"=" * 2_000_000,
    "quoted-printable-soft": b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + b"=\r\n" * 500_000,
    "utf-7": b"Content-Type: text/plain; charset=utf-7\r\n\r\n" + b"+AGE" * 400_000,
    "idna-charset": b"Content-Type: text/plain; charset=idna\r\n\r\n" + b"xn--a." * 300_000,
}


@pytest.mark.parametrize("name", NASTY)
def test_hostile_mails_are_read_in_bounded_work(name: str) -> None:
    begun = time.process_time()
    read = read_message(NASTY[name])
    search_text(NASTY[name])
    assert len(read.parts) <= 501
    # Not a timing: a mail that is read in quadratic time would take minutes here.
    assert time.process_time() - begun < 60


@given(st.binary(max_size=600))
@settings(max_examples=examples(200))
def test_any_octets_are_read(raw: bytes) -> None:
    read_message(raw)
    search_text(raw)


PIECES = [
    b"Content-Type: multipart/mixed; boundary=b\r\n", b"Content-Type: text/html; charset=", b"utf-8", b"\r\n",
    b"\r\n\r\n", b"--b\r\n", b"--b--\r\n", b"Content-Transfer-Encoding: base64\r\n", b"QUJD", b"=?utf-8?b?", b"?=",
    b"Subject: ", b"\0", b"\xff", b"\n", b'"', b";", b"name*0*=", b"''%41", b"code 123456", b"<a href=", b"=\r\n", b" ",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=40))
@settings(max_examples=examples(300))
def test_any_arrangement_of_mail_is_read(pieces: list[bytes]) -> None:
    raw = b"".join(pieces)
    read = read_message(raw)
    assert all(part.size == len(part.content) for part in read.parts)
    search_text(raw)
