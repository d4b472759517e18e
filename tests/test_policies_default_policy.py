"""What happens where no opt-in means an effect."""

from typing import get_args

import pytest
from effects import call

from policies.default_policy import Defaults, WebDefaults
from policies.effect import Channel, Target


@pytest.mark.parametrize("channel", get_args(Channel))
def test_every_channel_has_a_default_and_a_sentence(channel: Channel) -> None:
    decision = Defaults().decision(call(channel=channel), ("a_flag",))
    assert decision.verdict == ("deny" if channel in ("dns", "socket") else "capture")
    assert decision.rule == f"default:{channel}"
    assert decision.reason.startswith("no opt-in matches api.stripe.com; ")
    assert decision.reason.endswith(" by default")
    assert decision.flags == ("a_flag",)


@pytest.mark.parametrize(
    ("method", "verdict", "reason"),
    [
        ("GET", "capture", "no opt-in matches api.stripe.com; web reads are captured by default"),
        ("PUT", "deny", "no opt-in matches api.stripe.com; web writes are denied by default"),
    ],
)
def test_the_web_is_read_and_written_apart(method: str, verdict: str, reason: str) -> None:
    decision = Defaults(web=WebDefaults(read="capture", write="deny")).decision(call(method=method, channel="web"), ())
    assert (decision.verdict, decision.reason) == (verdict, reason)


def test_what_authenticates_to_the_web_is_a_write() -> None:
    assert Defaults().decision(call(channel="web", intent="auth"), ()).verdict == "capture"


def test_a_name_asked_of_dns_is_shown_harmlessly() -> None:
    effect = call(channel="dns", target=Target(scheme="dns", host="a\x00\n.example", port=53))
    assert Defaults().decision(effect, ()).reason == (
        "no opt-in matches 'a\\x00\\n.example'; names are never resolved outside by default"
    )
