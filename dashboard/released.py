"""Released: what became of a mail that somebody asked to send on, and whom the policy would let it be sent to."""

from dataclasses import dataclass
from typing import Any

from dashboard.gateway_link import Gateway, GatewayUnreachable

UNKNOWN = "The gateway did not answer, so what became of it is not known here: look at the newest attempts."


@dataclass(frozen=True, slots=True)
class Released:
    """What became of a release. `capture` is empty where nothing was tried."""

    sentence: str
    capture: str = ""
    verdict: str = ""
    left: bool = False


def outcome(told: dict[str, Any]) -> Released:
    """The verdict and the reason, verbatim; of a mail that may leave also what its relay said."""
    reason, status = str(told["reason"]), int(told.get("status") or 0)
    if told["verdict"] in ("allow", "divert"):
        what = "took it" if 200 <= status < 300 else "did not take it"
        sentence = f"{reason}. The relay {what} ({status or 'no reply'})."
    else:
        sentence = f"It stayed here: {reason}."
    return Released(sentence, str(told["capture"]), str(told["verdict"]), bool(told["left"]))


async def release_targets(gateway: Gateway) -> list[str]:
    """Whom mail may be sent on to, as the opt-ins in force name them."""
    try:
        opt_ins = (await gateway.policy()).get("opt_ins", [])
    except GatewayUnreachable:
        return []
    leaving = [one for one in opt_ins if one["in_force"] and one["do"] in ("allow", "divert")]
    return [one["target"].removeprefix("mail to ") for one in leaving if one["target"].startswith("mail to ")]
