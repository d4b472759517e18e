"""Problems: the refusal of a destination no pack knows, as `application/problem+json` (RFC 9457)."""

from ledger.reply import Reply
from policies.expression_values import encoded

TYPE = "urn:soundstage:stopped"
TITLE = "Soundstage stopped this request"


def problem(reason: str, capture_id: str, opt_in: str, *, status: int = 403) -> Reply:
    """403 with the decision's reason, the capture, and the YAML that would allow it."""
    told = {
        "type": TYPE,
        "title": TITLE,
        "status": status,
        "detail": reason,
        "capture": capture_id,
        "opt_in": opt_in,
    }
    headers = (("content-type", "application/problem+json"), ("cache-control", "no-store"))
    return Reply(fidelity="refused", status=status, headers=headers, body=encoded(told).encode("ascii"))
