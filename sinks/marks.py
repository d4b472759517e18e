"""Marks: the two fields every HTTP answer of ours carries, by which a reader knows whose it is and where to look."""

from ledger.reply import Reply
from sinks.passage import Passage

VERDICT, CAPTURE = "soundstage-verdict", "soundstage-capture"
"""Lower-case, as HTTP/2 demands and HTTP/1.1 does not mind."""
NAMES = frozenset({VERDICT, CAPTURE})


def marks(passage: Passage) -> tuple[tuple[str, str], tuple[str, str]]:
    """The fields of an answer made here."""
    return (VERDICT, passage.decision.verdict), (CAPTURE, passage.capture_id)


def marked(reply: Reply, passage: Passage) -> Reply:
    """An answer that is the same for everybody, or somebody else's, with the marks."""
    # Field by field: `replace` would ask for the names of all of them anew for each answer.
    return Reply(
        reply.fidelity,
        reply.status,
        (*reply.headers, *marks(passage)),
        reply.body,
        reply.trailers,
        reply.keep,
        reply.replay,
        reply.attempt_of,
        reply.flags,
        reply.facts,
    )
