"""Which recipients a mail is released to: plain addresses alone, whatever a person or a page hands over."""

from dataclasses import replace
from pathlib import Path

import pytest
from ledger_stage import mail_of, stage

from policies.mail import Mail
from sinks.mail_sink import INCOMPLETE
from sinks.passage import Outcome
from sinks.release import RECIPIENTS_LIMIT, Release, checked


class NobodyDelivers:
    """Fails where anything is passed on."""

    async def pass_on(self, mail: Mail) -> Outcome:
        raise AssertionError(f"a mail to {mail.recipients} was passed on")


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("a@qa.example.com\r\nRCPT TO:<b@c.example>", id="line-end"),
        pytest.param("a@qa.example.com\nBcc: b@c.example", id="header"),
        pytest.param("<a@qa.example.com>", id="brackets"),
        pytest.param("a@qa.example.com> SIZE=1", id="parameter"),
        pytest.param("a%c.example@qa.example.com", id="percent-route"),
        pytest.param("@qa.example.com:b@c.example", id="source-route"),
        pytest.param("b!a@qa.example.com", id="bang-path"),
        pytest.param("a,b@qa.example.com", id="two"),
        pytest.param("ann", id="no-domain"),
        pytest.param("a@" + "b." * 130 + "example", id="long"),
        pytest.param("a\x00@qa.example.com", id="nul"),
    ],
)
def test_what_is_no_plain_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="is not a plain mail address"):
        checked(["fine@qa.example.com", address])


def test_how_many() -> None:
    assert checked(["a@b.example", "a@b.example"]) == ("a@b.example",)
    for count in (0, RECIPIENTS_LIMIT + 1):
        with pytest.raises(ValueError, match="between 1 and 50 recipients"):
            checked([f"a{number}@b.example" for number in range(count)])


async def test_a_mail_that_was_cut_off_is_not_released(tmp_path: Path) -> None:
    async with stage(tmp_path / "data") as house:
        record = mail_of("Half a", ["ann@customer.example"], protocol="smtp")
        await house.writer.record(replace(record, capture=record.capture.model_copy(update={"flags": (INCOMPLETE,)})))
        release = Release(NobodyDelivers(), house.reader, lambda: house.store.intake(keep=True))
        with pytest.raises(ValueError, match="cut off before its end"):
            await release.release(record.capture.id, ["bo@qa.example.com"], "127.0.0.1")
