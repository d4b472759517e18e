"""What programs hand over goes through the gate: mails as if by SMTP, jobs answered in a scheduler's terms."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ledger_stage import stage

from ledger.trouble import LedgerUnavailable
from policies.decision import Decision, Verdict
from policies.describe import describe
from policies.mail import Mail
from policies.pack import Packs
from policies.scheduled_job import ScheduledJob
from sinks.handed_in import HANDED_IN, HandedIn
from sinks.job_sink import JobSink
from sinks.passage import Answer, Outcome, Passage

OCTETS = b"Subject: Hello\r\n\r\nhi\r\n"


class Delivery:
    """Remembers what is passed on, and answers that it was captured."""

    def __init__(self, trouble: Exception | None = None) -> None:
        self.mails: list[Mail] = []
        self._trouble = trouble

    async def pass_on(self, mail: Mail) -> Outcome:
        if self._trouble is not None:
            raise self._trouble
        self.mails.append(mail)
        effect, _ = describe(mail, Packs.built_in(), run="unattributed")
        decision = Decision(verdict="capture", rule="default:email", reason="mails are captured by default")
        passage = passage_of(mail, decision)
        return Answer("an-id", effect, decision, await JobSink().answer(passage))


def passage_of(seen: Any, decision: Decision) -> Passage:
    effect, _ = describe(seen, Packs.built_in(), run="unattributed")
    return Passage(seen, None, effect, decision, "an-id", datetime.now(UTC))


async def test_a_mail_is_passed_on_with_its_envelope(tmp_path: Path) -> None:
    delivery = Delivery()
    async with stage(tmp_path / "data") as house:
        told = await HandedIn(delivery, house.reader).hand_in("a@b.test", ["c@d.test"], OCTETS, "10.0.0.9")
    (mail,) = delivery.mails
    assert (mail.sender, mail.recipients, mail.source) == ("a@b.test", ("c@d.test",), "10.0.0.9")
    assert mail.flags == (HANDED_IN,)
    assert mail.body.data == OCTETS
    assert (told["capture"], told["verdict"], told["left"]) == ("an-id", "capture", False)


@pytest.mark.parametrize(
    ("sender", "to"),
    [
        pytest.param("a@b.test\r\nRCPT TO:<e@f.test>", ["c@d.test"], id="sender"),
        pytest.param("", ["c@d.test"], id="no-sender"),
        pytest.param("a@b.test", ["c@d.test> SIZE=1"], id="recipient"),
        pytest.param("a@b.test", [], id="nobody"),
    ],
)
async def test_what_is_no_envelope_is_refused(tmp_path: Path, sender: str, to: list[str]) -> None:
    delivery = Delivery()
    async with stage(tmp_path / "data") as house:
        with pytest.raises(ValueError, match=r"plain mail address|between 1 and 50"):
            await HandedIn(delivery, house.reader).hand_in(sender, to, OCTETS, "10.0.0.9")
    assert delivery.mails == []


async def test_a_mail_that_cannot_be_recorded_is_not_sent(tmp_path: Path) -> None:
    async with stage(tmp_path / "data") as house:
        full = HandedIn(Delivery(LedgerUnavailable("the disk is full")), house.reader)
        with pytest.raises(ValueError, match="It was not sent: the disk is full"):
            await full.hand_in("a@b.test", ["c@d.test"], OCTETS, "10.0.0.9")


@pytest.mark.parametrize(("verdict", "fidelity"), [("capture", "generic"), ("deny", "refused")])
async def test_a_job_that_does_not_run_is_answered(verdict: Verdict, fidelity: str) -> None:
    job = ScheduledJob("nightly", "report", "app", "staging-1", "10.0.0.9", "cron")
    reply = await JobSink().answer(passage_of(job, Decision(verdict=verdict, rule="r", reason="because")))
    assert (reply.fidelity, reply.status, reply.body) == (fidelity, 0, b"")
