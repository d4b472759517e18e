"""What explain says, and that the YAML it proposes opens exactly that."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from effects import NOW, call, load, mail, policy_of, write_policy
from examples import SHARED
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.describe import describe
from policies.effect import Effect
from policies.explain import caution, explain, opt_in_for
from policies.http_request import HttpRequest, NameSource
from policies.pack import Packs
from policies.policy import Policy


def test_the_yaml_of_a_call() -> None:
    explained = explain(Policy.built_in(), call(channel="payment", credential="live"), NOW)
    assert (explained.verdict, explained.rule, explained.reason) == (
        "capture",
        "default:payment",
        "no opt-in matches api.stripe.com; payments are captured by default",
    )
    assert explained.opt_in == (
        "opt_in:\n"
        "  - id: api-stripe-com-post\n"
        "    to: api.stripe.com\n"
        "    methods: [POST]\n"
        "    paths: [/v1/charges]\n"
        "    credentials: test\n"
        "    why: say here why this may leave\n"
        "    owner: say here which team answers for it\n"
        "    expires: 2026-12-22\n"
        "# It carried a live credential, which this keeps inside: send a test one.\n"
    )


@pytest.mark.parametrize(
    ("host", "authorization", "cautious"),
    [
        pytest.param("api.stripe.com", None, True, id="keys-tell-live-from-test"),
        pytest.param("api.stripe.com", "Bearer sk_test_x", False, id="the-key-is-known"),
        pytest.param("slack.com", None, False, id="tokens-tell-nothing"),
        pytest.param("partner.example", None, False, id="no-pack"),
    ],
)
def test_a_question_without_credentials_says_how_to_keep_live_ones_inside(
    host: str, authorization: str | None, cautious: bool
) -> None:
    sent = {"host": host, **({} if authorization is None else {"authorization": authorization})}
    names: tuple[tuple[NameSource, str], ...] = (("connect", f"{host}:443"), ("sni", host), ("host", host))
    request = HttpRequest(
        method="POST", scheme="https", names=names, target="/", headers=tuple(sent.items()), source="127.0.0.1"
    )
    effect, known = describe(request, Packs.built_in(), run="r")
    told = opt_in_for(effect, NOW) + caution(effect, known)
    assert ("credentials: test" in told) == (cautious or authorization is not None)
    assert ("# Add `credentials: test`" in told) == cautious


def test_the_yaml_of_a_mail() -> None:
    assert opt_in_for(mail("a@qa.example.com", "b@qa.example.com"), NOW) == (
        "opt_in:\n"
        "  - id: mail-to-a-qa-example-com\n"
        '    email: {to: ["a@qa.example.com", "b@qa.example.com"]}\n'
        "    via: smtp://relay.internal:25\n"
        "    why: say here why this may leave\n"
        "    owner: say here which team answers for it\n"
        "    expires: 2026-12-22\n"
    )


@pytest.mark.parametrize(
    "effect",
    [
        pytest.param(call(channel="payment", credential="test"), id="call"),
        pytest.param(call("https://x.example:8443/a"), id="port"),
        pytest.param(call("http://10.0.0.7/a"), id="private"),
        pytest.param(call("http://10.0.0.7:8080/a"), id="private-on-a-port"),
        pytest.param(call("https://[2606:4700::1]/a"), id="ipv6"),
        pytest.param(call("https://[fd00::1]:8443/a"), id="private-ipv6"),
        pytest.param(call("https://203.0.113.7/a"), id="documentation"),
        pytest.param(call("https://true/a"), id="a-host-that-looks-like-a-truth"),
        pytest.param(call("https://x.example/a%20b/c,d'e!f:*"), id="path-with-signs"),
        pytest.param(mail("a@qa.example.com"), id="mail"),
        pytest.param(mail(*(f"u{n}@qa.example.com" for n in range(50))), id="mail-to-many"),
    ],
)  # fmt: skip
def test_pasted_it_opens_exactly_this(tmp_path: Path, effect: Effect) -> None:
    policy = load(write_policy(tmp_path, "version: 1\n" + opt_in_for(effect, NOW)))
    assert policy.decide(effect, NOW).verdict == "allow"
    assert policy.decide(effect, NOW + timedelta(days=31)).verdict != "allow"
    assert policy.opt_ins[0].expires - NOW < timedelta(days=90)
    if effect.target.method:
        for other in ("https://other.example/v1/charges", "https://x.example/other"):
            assert not policy.decide(call(other), NOW).leaves


@pytest.mark.parametrize(
    ("effect", "comment"),
    [
        pytest.param(
            call("http://169.254.169.254/x"),
            "# no opt-in lets this leave: 169.254.169.254 is a cloud metadata service, which nothing may ever reach\n",
            id="metadata",
        ),
        pytest.param(
            call(conflicts=("SNI names a, but Host names b",)),
            "# no opt-in lets this leave: its destination is in doubt: SNI names a, but Host names b\n",
            id="names-disagree",
        ),
        pytest.param(
            call("https://x.example/a/../b"),
            "# no opt-in lets this leave: its host, path or method was not sent in canonical form\n",
            id="not-canonical",
        ),
        pytest.param(
            call(channel="socket"), "# no opt-in lets this leave: only HTTP requests and mails can leave\n", id="socket"
        ),
        pytest.param(
            mail("a%b@x.example"),
            "# no opt-in lets this leave: its recipient 'a%b@x.example' is not a plain address\n",
            id="recipient",
        ),
        pytest.param(
            call(method="get"),
            "# no opt-in lets this leave: its method 'get' or path '/v1/charges' is one that no opt-in can name\n",
            id="method",
        ),
    ],
)
def test_what_nothing_opens(effect: Effect, comment: str) -> None:
    assert opt_in_for(effect, NOW) == comment


def test_explain_says_so_of_what_is_never_opened(tmp_path: Path) -> None:
    policy = policy_of(tmp_path, sockets=(("127.0.0.1", 8025),))
    explained = explain(policy, call("http://localhost:8025/api"), NOW)
    assert explained.rule == "never:own-socket"
    assert explained.opt_in == f"# nothing opens this: {explained.reason}\n"


@pytest.mark.parametrize("do", ["deny", "capture"])
def test_what_an_opt_in_decides_already_is_proposed_in_its_place(tmp_path: Path, do: str) -> None:
    """Pasted beside one that is as specific, the file is refused: what would allow it takes that one's place."""
    stands = {"id": "held", "to": "api.stripe.com", "do": do, "why": "w", "owner": "o", "expires": "2026-12-31"}
    asked = call()
    explained = explain(policy_of(tmp_path, stands), asked, NOW)
    assert explained.rule == "held"
    assert explained.opt_in == opt_in_for(asked, NOW) + (
        "# Opt-in held decides this now: where both are equally specific, write this in its place, not beside it.\n"
    )
    assert load(write_policy(tmp_path, "version: 1\n" + explained.opt_in)).decide(asked, NOW).verdict == "allow"


def test_nothing_is_said_of_a_place_where_no_opt_in_can_be_written(tmp_path: Path) -> None:
    stands = {"id": "held", "to": "x.example", "do": "deny", "why": "w", "owner": "o", "expires": "2026-12-31"}
    asked = call("https://x.example/a/../b")
    explained = explain(policy_of(tmp_path, stands), asked, NOW)
    assert explained.opt_in == opt_in_for(asked, NOW)


_segments = st.lists(st.text(alphabet="abAZ019._~!$&'()*+,;=:@-", min_size=1, max_size=6), max_size=3)


@settings(suppress_health_check=SHARED)
@given(_segments, st.sampled_from(["GET", "POST", "PROPFIND"]), st.sampled_from(["none", "test", "unknown"]))
def test_what_is_proposed_always_loads_and_opens_it(
    tmp_path: Path, segments: list[str], method: str, credential: Any
) -> None:
    effect = call(f"https://x.example/{'/'.join(segments)}", method, credential=credential)
    text = opt_in_for(effect, NOW)
    if text.startswith("#"):
        assert not effect.canonical or "**" in str(effect.target.path)
        return
    assert load(write_policy(tmp_path, "version: 1\n" + text)).decide(effect, NOW).verdict == "allow"
