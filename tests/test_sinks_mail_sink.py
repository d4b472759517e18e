"""What a mail that stays here is answered."""

from datetime import UTC, datetime

import pytest
from smtp_stage import effect_of

from policies.body import Body
from policies.decision import Decision, Verdict
from policies.mail import Mail
from sinks.mail_sink import MailSink
from sinks.passage import Passage


@pytest.mark.parametrize(
    ("verdict", "flags", "status", "text", "fidelity"),
    [
        pytest.param("capture", (), 250, "2.0.0 Ok: queued as 0192", "shaped", id="captured"),
        pytest.param("deny", (), 554, "5.7.1 nobody may mail", "refused", id="denied"),
        pytest.param(
            "capture",
            ("oversize",),
            552,
            "5.3.4 The message is larger than the limit; nothing of it but its size is kept",
            "refused",
            id="oversize",
        ),
    ],
)
async def test_replies(verdict: Verdict, flags: tuple[str, ...], status: int, text: str, fidelity: str) -> None:
    mail = Mail("a@b", ("c@d",), Body.of(b""), "127.0.0.1", "smtp", 25, flags=flags)
    decision = Decision(verdict=verdict, rule="r", reason="nobody may mail")
    reply = await MailSink().answer(Passage(mail, None, effect_of(mail), decision, "0192", datetime.now(UTC)))
    assert (reply.status, reply.body.decode(), reply.fidelity) == (status, text, fidelity)
