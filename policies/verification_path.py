"""The ways a run could pass because nobody was looking: each is a row that makes the verdict inconclusive."""

from policies.expectation import Expectations
from policies.verification_children import children_row
from policies.verification_evidence import RunState
from policies.verification_result import RowResult
from policies.verification_summary import numbered


def path_rows(state: RunState, *, looked_at: int, shortcomings: tuple[str, ...]) -> list[RowResult]:
    """Whether what happened would have been seen. `looked_at`: captures that were judged."""
    rows = [_settled(state)]
    if state.children:
        rows.append(children_row(state.children))
    if state.canaries is not None:
        rows.append(_canaries(state))
    rows.append(_row("evidence without gaps", "; ".join(state.gaps) or None, "it was kept from beginning to end"))
    rows.append(_row("credentials", _wrong_token(state), "nobody came with its name and a wrong token"))
    rows.append(_seen(state, looked_at))
    if shortcomings:
        rows.append(_row("everything looked at", "; ".join(shortcomings), ""))
    return rows


def contained_row(state: RunState, expectations: Expectations, *, allow_uncontained: bool) -> RowResult:
    """Whether anything could have gone round."""
    if state.contained != "no":
        how = "a namespace of its own" if state.contained == "namespace" else "a doctor that passed during the run"
        return RowResult("contained", "contained", "held", f"nothing could go round: {how}")
    if expectations.contained == "optional" or allow_uncontained:
        return RowResult("contained", "contained", "held", "it was not contained, and did not have to be")
    reason = (
        "it was not contained, so that something may have gone round; use `soundstage run`, or say "
        "`contained: optional`, or --allow-uncontained"
    )
    return RowResult("contained", "contained", "inconclusive", reason)


def _row(name: str, trouble: str | None, good: str) -> RowResult:
    if trouble is None:
        return RowResult(name, "path", "held", good)
    return RowResult(name, "path", "inconclusive", trouble)


def _settled(state: RunState) -> RowResult:
    why = (state.settled.why or "no reason was given").rstrip(".")
    trouble = None if state.settled.reached else f"it did not settle: {why}"
    return _row("settled", trouble, "nothing was under way any more, and it was quiet")


def _canaries(state: RunState) -> RowResult:
    """Sent from inside, over HTTP and SMTP, at the beginning and the end: they prove that the path worked."""
    asked = state.canaries or {}
    missing = [f"{when} over {way}" for when, ways in asked.items() for way, came in ways.items() if not came]
    if not asked:
        missing = ["any"]
    trouble = f"the canary did not arrive: {', '.join(missing)}" if missing else None
    return _row("canaries", trouble, "every canary arrived, so that the path worked")


def _wrong_token(state: RunState) -> str | None:
    if not state.wrong_token:
        return None
    return (
        f"{numbered(state.wrong_token, 'time')} somebody came with its name and a wrong token, and was booked to nobody"
    )


def _seen(state: RunState, looked_at: int) -> RowResult:
    vacuous = not looked_at and not state.seen and state.contained == "no"
    trouble = "there is neither a capture nor containment, so that nothing says it went through Soundstage"
    return _row("something to go by", trouble if vacuous else None, "there are captures, or it was contained")
