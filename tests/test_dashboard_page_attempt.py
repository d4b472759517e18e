"""What an attempt's page asks the policy of a capture, and what it proposes to write."""

from pathlib import Path
from typing import Any

from effects import NOW, call, load, write_policy

from dashboard.page_attempt import opt_in_for
from policies.explain import explain
from policies.policy import Policy

SENT = "https://hooks.slack.com/services/T000/B000/XyZ"


class Asked:
    """A gateway that answers as the policy without a file does."""

    async def explain(self, request: dict[str, Any]) -> dict[str, Any]:
        effect = call(request["url"], method=request["method"], channel="chat")
        return {"opt_in": explain(Policy.built_in(), effect, NOW).opt_in}


def captured(path: str) -> dict[str, Any]:
    target = {"scheme": "https", "host": "hooks.slack.com", "port": 443, "path": path, "method": "POST"}
    return {"channel": "chat", "facts": {}, "flags": [], "target": target, "protocol": "http/1.1"}


async def test_a_secret_in_the_path_is_proposed_as_a_star_that_lets_it_leave(tmp_path: Path) -> None:
    opt_in, _ = await opt_in_for(Asked(), captured("/services/T000/B000/[removed:slack_webhook:242004]"))  # type: ignore[arg-type]  # only asked
    assert 'paths: ["/services/T000/B000/*"]' in opt_in
    assert "# `*` stands for a secret that was removed" in opt_in
    policy = load(write_policy(tmp_path, f"version: 1\n{opt_in}"))
    assert policy.decide(call(SENT, method="POST", channel="chat"), NOW).verdict == "allow"
    assert not policy.decide(call(SENT.replace("B000", "B001"), method="POST", channel="chat"), NOW).leaves


async def test_a_path_without_one_is_proposed_as_it_was() -> None:
    opt_in, _ = await opt_in_for(Asked(), captured("/api/chat.postMessage"))  # type: ignore[arg-type]  # only asked
    assert "paths: [/api/chat.postMessage]" in opt_in
    assert "`*`" not in opt_in
