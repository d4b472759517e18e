"""CleanMail: the row that is made at once is the one that masking each part for itself would have made."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from masking_stage import CARD

from ledger.body_store import INLINE_LIMIT
from ledger.clean_mail import clean_mail
from ledger.masking import Masker
from ledger.reply import Reply
from ledger.row import Row, row_of
from policies.body import Body
from policies.decision import Decision
from policies.describe import describe
from policies.mail import Mail
from policies.pack import Packs
from sinks.filing import filed
from sinks.passage import Passage

KEY = "sk_live_abcdefgh12345678"
TOKEN = "soundstage_" + "0a" * 20
AT = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
MASKER = Masker(b"k")
QUEUED = Reply(fidelity="shaped", status=250, body=b"2.0.0 Ok: queued as cap-1")
REFUSED = Reply(fidelity="refused", status=554, body=b"5.7.1 mails are denied by default")
CAPTURED = Decision(verdict="capture", rule="default:email", reason="mail is captured by default")
PLAIN = Mail(
    sender="a@shop.test",
    recipients=("b@example.test", "Ann@Example.test"),
    body=Body.of(
        b"From: Shop <shop@shop.test>\r\nSubject: Hello\r\nMessage-ID: <1@shop.test>\r\n\r\nYour code is 4711\r\n"
    ),
    source="127.0.0.1",
    protocol="smtp",
    port=25,
    helo="shop.test",
    transcript='S: 220 stage.test ESMTP\nC: EHLO shop.test\nS: 250 "ok" \\',
)
SIGNS = (
    KEY,
    TOKEN,
    CARD,
    "424242",
    "a@b.test",
    "=?utf-8?q?=C3=BC?=",
    "ö",
    "\ud800",
    "\0",
    "\x1f",
    "\n",
    '"',
    "\\",
    "n",
    " ",
)
TEXTS = st.lists(st.sampled_from(SIGNS), max_size=3).map("".join)
SUBJECTS = st.one_of(
    TEXTS.map(lambda text: text.encode("utf-8", "replace")), st.just(b"=?utf-16?b?2AA=?="), st.binary(max_size=9)
)
MAILS = st.builds(
    Mail,
    sender=TEXTS,
    recipients=st.lists(TEXTS, max_size=3).map(tuple),
    body=SUBJECTS.map(lambda text: Body.of(b"Subject: " + text + b"\r\nContent-Type: a/b; name=c\r\n\r\nhi\r\n")),
    source=st.just("127.0.0.1"),
    protocol=st.sampled_from(["smtp", "smtps"]),
    port=st.just(25),
    helo=TEXTS,
    tls=st.sampled_from([None, "TLSv1.3"]),
    sender_options=st.lists(TEXTS, max_size=2).map(tuple),
    transcript=TEXTS,
    flags=st.sampled_from([(), (), ("nul",)]),
    server=TEXTS,
)


def rows(mail: Mail, reply: Reply = QUEUED, decision: Decision = CAPTURED, **run: Any) -> tuple[Row | None, Row]:
    """At once, and part by part."""
    effect, _ = describe(mail, Packs([]), **{"run": "unattributed", **run})
    passage = Passage(mail, None, effect, decision, "cap-1", AT)
    at_once = clean_mail(MASKER, "cap-1", AT, effect, decision, mail, reply)
    return at_once, row_of(filed(passage, reply, left=False, masker=MASKER))


@given(MAILS, st.sampled_from([QUEUED, REFUSED]))
def test_what_is_made_at_once_is_what_masking_part_by_part_makes(mail: Mail, reply: Reply) -> None:
    at_once, expected = rows(mail, reply)
    assert at_once is None or at_once == expected


@pytest.mark.parametrize(
    "mail",
    [
        pytest.param(PLAIN, id="plain"),
        pytest.param(replace(PLAIN, sender=""), id="null-sender"),
        pytest.param(replace(PLAIN, sender_options=("SIZE=100", "BODY=8BITMIME")), id="with-its-size"),
        pytest.param(
            replace(PLAIN, tls="TLSv1.3", protocol="smtps", server="mx.example.test:25"), id="tls-brought-here"
        ),
        pytest.param(replace(PLAIN, body=Body.of(b"")), id="empty"),
        pytest.param(replace(PLAIN, body=Body.of("Subject: Grüße\r\n\r\nö".encode())), id="eight-bit"),
        pytest.param(
            replace(PLAIN, body=Body.of(b"Content-Disposition: attachment\r\n\r\nx\r\n")), id="with-an-attachment"
        ),
    ],
)
def test_what_nearly_all_mails_are_is_made_at_once(mail: Mail) -> None:
    at_once, expected = rows(mail)
    assert at_once is not None
    assert at_once == expected
    assert rows(mail, run="ci-1", window="w-1")[0] == rows(mail, run="ci-1", window="w-1")[1]


@pytest.mark.parametrize(
    "mail",
    [
        pytest.param(replace(PLAIN, helo=KEY), id="a-key-in-helo"),
        pytest.param(replace(PLAIN, transcript=f"C: EHLO\n{TOKEN}"), id="a-run-token-in-the-transcript"),
        pytest.param(replace(PLAIN, sender=f"{TOKEN}@b.test"), id="a-run-token-as-the-sender"),
        pytest.param(replace(PLAIN, sender_options=(f"ENVID={KEY}",)), id="a-key-in-an-option"),
        pytest.param(replace(PLAIN, server=f"{KEY}.test:25"), id="a-key-in-the-server"),
        pytest.param(replace(PLAIN, body=Body.of(b"Subject: x\r\n\r\n" + KEY.encode())), id="a-live-key-in-the-text"),
        pytest.param(replace(PLAIN, body=Body.of(b"Subject: x\r\n\r\n" + CARD.encode())), id="a-card-in-the-text"),
        pytest.param(
            replace(PLAIN, body=Body.of(b"Subject: =?utf-8?q?=73oundstage=5F" + b"0a" * 20 + b"?=\r\n\r\n")),
            id="a-run-token-encoded-in-the-subject",
        ),
        pytest.param(replace(PLAIN, recipient_options=(("NOTIFY=NEVER",), ())), id="recipients-with-options"),
        pytest.param(replace(PLAIN, recipients=()), id="nobody"),
        pytest.param(replace(PLAIN, flags=("nul",)), id="flagged"),
        pytest.param(replace(PLAIN, helo="\ud800"), id="half-a-character"),
        pytest.param(replace(PLAIN, body=Body.of(b"x" * (INLINE_LIMIT + 1))), id="too-long-for-a-row"),
    ],
)
def test_where_something_may_have_to_go_or_to_be_said_the_longer_way_is_taken(mail: Mail) -> None:
    assert rows(mail)[0] is None


def test_what_somebody_else_answered_goes_the_longer_way() -> None:
    told = replace(QUEUED, facts={"relay": "mx.example.test"})
    assert rows(PLAIN, told)[0] is None
    assert rows(PLAIN, decision=CAPTURED.model_copy(update={"flags": ("x",)}))[0] is None
