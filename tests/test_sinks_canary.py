"""Canaries: what is exactly one, and what looks like one and is an ordinary effect."""

import json
from typing import Any

import pytest
from effects import call, mail

from policies.effect import Effect, Target
from sinks.canary import HOST, Canary, answer_to, canary_in

URL = f"http://{HOST}/r/begin"


def lookup(name: str) -> Effect:
    target = Target(scheme="dns", host=name, port=53, method="A")
    return Effect(channel="dns", intent="read", protocol="dns", target=target, source="10.0.0.1", run="r")


CANARIES = [
    pytest.param(call(URL, "GET", run="r"), Canary("http", "begin"), id="http"),
    pytest.param(call(f"https://{HOST}/r/end", "POST", run="r"), Canary("http", "end"), id="https"),
    pytest.param(mail(f"begin@{HOST}", run="r"), Canary("smtp", "begin"), id="smtp"),
    pytest.param(mail(f"end@{HOST.upper()}", run="r"), Canary("smtp", "end"), id="smtp-in-capitals"),
    pytest.param(lookup(HOST), Canary("dns"), id="its-name-looked-up"),
]
ORDINARY: list[Any] = [
    pytest.param(call(URL, "GET", run="s"), id="another-runs"),
    pytest.param(call(f"http://{HOST}/r/middle", "GET", run="r"), id="no-moment-of-that-name"),
    pytest.param(call(f"http://{HOST}/r/begin/x", "GET", run="r"), id="more-path"),
    pytest.param(call(f"http://{HOST}/", "GET", run="r"), id="no-path"),
    pytest.param(call(f"http://sub.{HOST}/r/begin", "GET", run="r"), id="a-subdomain"),
    pytest.param(call(URL, "GET", run="r", conflicts=("names disagree",)), id="names-that-disagree"),
    pytest.param(mail(f"begin@{HOST}", "ann@example.test", run="r"), id="a-second-recipient"),
    pytest.param(mail(f"middle@{HOST}", run="r"), id="smtp-no-moment"),
    pytest.param(mail("begin@example.test", run="r"), id="another-domain"),
    pytest.param(lookup("example.test"), id="another-name"),
]


@pytest.mark.parametrize(("effect", "canary"), CANARIES)
def test_canaries(effect: Effect, canary: Canary) -> None:
    assert canary_in(effect) == canary


@pytest.mark.parametrize("effect", ORDINARY)
def test_what_is_none(effect: Effect) -> None:
    assert canary_in(effect) is None


def test_answers() -> None:
    told = answer_to(Canary("http", "begin"), "r")
    assert (told.status, json.loads(told.body)) == (200, {"canary": "begin", "run": "r"})
    assert answer_to(Canary("smtp", "end"), "r").status == 250
    assert answer_to(Canary("dns"), "r").status == 0
