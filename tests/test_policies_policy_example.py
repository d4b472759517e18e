"""Examples in policy files: they hold, or nothing loads."""

from pathlib import Path

import pytest
from effects import NOW, WHOLE, load, mail, refused, write_policy

from policies.policy_file import load_policy


@pytest.mark.parametrize(
    ("example", "complaint"),
    [
        pytest.param(
            "{do: GET https://x.example/, is: allow}",
            "GET https://x.example/ is not allow but deny by default:web: no opt-in matches x.example; web "
            "reads are denied by default",
        ),
        pytest.param(
            "{mail: {to: [a@b.example]}, is: capture, by: qa}",
            "mail to a@b.example is not capture by qa but capture by default:email: no opt-in matches all of "
            "its recipients; mails are captured by default",
        ),
        pytest.param(
            "{do: GET https://x.example/, mail: {}, is: deny}",
            "it needs one of 'do: METHOD URL', 'mail: {to: [...]}' and 'job: NAME'",
        ),
        pytest.param(
            "{is: deny}",
            "it needs one of 'do: METHOD URL', 'mail: {to: [...]}' and 'job: NAME'",
        ),
        pytest.param(
            "{do: GET https://x.example/}",
            "'is' is missing; write allow, divert, capture or deny",
        ),
    ],
)
def test_examples_must_hold(tmp_path: Path, example: str, complaint: str) -> None:
    assert refused(tmp_path, f"version: 1\nexamples:\n  - {example}\n") == [f"3: examples[0]: {complaint}"]


@pytest.mark.parametrize(
    ("example", "complaint"),
    [
        pytest.param(
            "{do: /v1, is: deny}",
            ".do: '/v1' is no call; write one such as POST https://api.example.com/v1/charges",
        ),
        pytest.param(
            "{do: get https://x.example/, is: deny}",
            ".do: 'get https://x.example/' is no call; write one such as POST https://api.example.com/v1/charges",
        ),
        pytest.param(
            "{do: GET https://x.example/, with: {a: [b]}, is: deny}",
            ".with.a: ['b'] is no header's value; write it in quotes",
        ),
        pytest.param(
            "{mail: {}, is: deny}",
            ".mail: 'to' is missing; write the envelope's recipients",
        ),
        pytest.param(
            "{do: GET https://x.example/, is: maybe}",
            ".is: 'maybe' is not known; write allow, divert, capture or deny",
        ),
        pytest.param(
            "{do: GET https://x.example/, is: deny, by: }",
            ".by: 'by' has no value; write one, or leave the key away",
        ),
        pytest.param(
            "{do: GET https://x.example/, is: deny, source: 10.0.0.0/8}",
            ".source: '10.0.0.0/8' is no address; write one such as 10.0.3.7",
        ),
        pytest.param(
            "{mail: {to: [5]}, is: capture}",
            ".mail.to[0]: 5 is no recipient; write one such as someone@customer.com",
        ),
    ],
)
def test_examples_must_be_understood(tmp_path: Path, example: str, complaint: str) -> None:
    assert refused(tmp_path, f"version: 1\nexamples:\n  - {example}\n") == [f"3: examples[0]{complaint}"]


def test_an_example_is_judged_as_if_every_opt_in_were_in_force(tmp_path: Path) -> None:
    long_ago = WHOLE.replace("2026-12-31\n", "2026-01-01\n")
    policy = load(write_policy(tmp_path, long_ago))
    assert not policy.opt_ins[0].in_force(NOW)


def test_the_real_describer_judges_examples_too(tmp_path: Path) -> None:
    text = "version: 1\nexamples:\n  - {do: POST https://partner.example/hook, body: {a: 1}, is: capture}\n"
    assert load_policy([write_policy(tmp_path, text)], now=NOW).decide(mail("a@b.example"), NOW).verdict == "capture"
