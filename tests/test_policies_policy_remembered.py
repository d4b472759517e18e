"""What a policy remembers of defaults: whatever was decided before, an effect is decided as if it were the first."""

import random
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from effects import NOW, call, entry, mail, policy_of

from policies.effect import Effect
from policies.policy import Policy

OPT_INS = (
    entry("test-keys", to="api.stripe.com", credentials="test"),
    entry("one-run", to="*.one-run.test", run=["ci-1"]),
    entry("paths", to="paths.test", paths=["/v1/**"]),
)
MAIL = {"id": "qa", "email": {"to": ["*@qa.test"]}, "via": "smtp://relay.test:25", "why": "w", "owner": "o"}


def every_effect() -> list[Effect]:
    calls = [
        call(url, method, credential=credential, run=run, flags=flags)
        for url in (
            "https://api.stripe.com/v1",
            "https://a.one-run.test/",
            "https://paths.test/v2",
            "https://x.test:8/",
        )
        for method in ("GET", "POST")
        for credential in ("none", "test", "live")
        for run in ("ci-1", "ci-2")
        for flags in ((), ("generic",))
    ]
    return [*calls, mail("a@qa.test"), mail("a@x.test"), mail("a@qa.test", "a@x.test")]


@pytest.mark.parametrize("names_mail", [pytest.param(True, id="mails-named"), pytest.param(False, id="no-mail-named")])
def test_nothing_decided_before_changes_what_is_decided(tmp_path: Path, names_mail: bool) -> None:
    mails = ({**MAIL, "expires": entry("x")["expires"]},) if names_mail else ()
    policy: Policy = policy_of(tmp_path, *OPT_INS, *mails)
    asked = [(effect, NOW + timedelta(days=days)) for effect in every_effect() for days in (0, 400, 0)]
    random.Random(1).shuffle(asked)
    for effect, at in asked:
        assert policy.decide(effect, at) == replace(policy).decide(effect, at)
    assert policy.decide(mail("a@qa.test"), NOW).leaves == names_mail
