"""What is said on stderr: whole lines, whatever was captured is in them."""

import pytest

from soundstage.console import complain, warn


def test_nothing_that_is_said_is_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    """Why a run did not settle names a host, which the client chose."""
    warn("a mail to \x1b]8;;x\x07a.test\n::error::x ##vso[task.setvariable variable=PATH]x is unfinished")
    complain("first\nsecond \x1b[2J", "a hint")
    assert capsys.readouterr().err.splitlines() == [
        r"soundstage: warning: a mail to \x1b]8;;x\x07a.test\n::error::x #\x23vso[task.setvariable variable=PATH]x "
        "is unfinished",
        "soundstage: error: first",
        r"soundstage: error: second \x1b[2J",
        "soundstage: hint: a hint",
    ]
