"""CleanMail: a captured mail and what it was told made into a row at once, for nearly always nothing in it is a secret.

As `ledger.clean_exchange` does of a request: one look at all that is written tells so. Where it finds anything, or the
mail is unlike what nearly all are, each part is masked for itself and made into a record (`ledger.masking`,
`ledger.row`): what is made here is the row that would come of that, octet for octet.
"""

from datetime import datetime
from json.encoder import encode_basestring as quoted

from ledger.body_store import INLINE_LIMIT
from ledger.masking import Masker
from ledger.moment import microseconds
from ledger.reply import Reply
from ledger.row import ROW_OVERHEAD, CaptureColumns, EvidenceColumns, Row, recipients_of, sender_of, subject_of
from ledger.secret_hints import KEY_HINT
from ledger.story import opening
from ledger.traits import traits_of
from policies.decision import Decision
from policies.effect import Effect
from policies.mail import Mail

CONTENT_TYPE = "message/rfc822"
_BETWEEN = ',"options":[]},{"address":'


def clean_mail(
    masker: Masker, capture_id: str, at: datetime, effect: Effect, decision: Decision, mail: Mail, reply: Reply
) -> Row | None:
    """The row of a mail that stays here and of our own answer to it, where nothing is to be removed and nothing raises
    an alert. None where something may, or where there is more to say of it than of most."""
    # In one piece, for every mail: each step of its own costs a microsecond live, and there were forty.
    octets, answer = mail.body.data, reply.body
    if octets is None or len(octets) > INLINE_LIMIT or _is_unusual(mail, effect, decision, reply):
        return None
    facts, options = effect.facts, mail.sender_options
    said, subject, message_id = facts["from"], facts["subject"], facts["message_id"]
    # A line feed is no part of a key or a number, and the start and end of a word to both.
    looked_at = "\n".join([mail.helo, mail.transcript, said, subject, message_id, mail.server, *options])
    addresses = [quoted(address) for address in mail.recipients]
    to = ",".join(addresses)
    server = f',"server":{quoted(mail.server)}' if mail.server else ""
    sha256 = f'"{mail.body.sha256}"' if octets else "null"
    story = (
        f'{opening(effect, None, decision, reply.fidelity)}"payload":["{CONTENT_TYPE}",{len(octets)},{sha256}],'
        f'"reply":[{reply.status},{len(answer)}],"facts":{{"from":{quoted(said)},"to":[{to}],'
        f'"subject":{quoted(subject)},"message_id":{quoted(message_id)}{server}}},"headers":[],"reply_headers":[],'
        f'"session":{{"helo":{quoted(mail.helo)},"tls":{f'"{mail.tls}"' if mail.tls else "null"},'
        f'"sender":{quoted(mail.sender)},"sender_options":[{",".join(map(quoted, options))}],'
        f'"recipients":[{{"address":{_BETWEEN.join(addresses)},"options":[]}}],'
        f'"transcript":{quoted(mail.transcript)}}},"recipients":[{to}]}}'
    )
    try:
        everything = f"{looked_at}\n{octets.decode()}"
        if not story.isascii():
            story.encode()  # half a character is escaped by the longer way, and would hide all from the hint
    except UnicodeError:
        return None
    if KEY_HINT.found(everything) and masker.general.is_key_in(everything.encode()):
        return None
    return Row(
        CaptureColumns(
            capture_id,
            microseconds(at),
            effect.run,
            effect.channel,
            effect.intent,
            None,
            None,
            decision.verdict,
            False,
            effect.target.host,
            effect.source,
            sender_of(facts),
            subject_of(facts),
            len(story) + len(octets) + len(answer) + ROW_OVERHEAD,
            traits_of((), effect.channel, CONTENT_TYPE, mail.body),
            effect.window,
        ),
        EvidenceColumns(story, octets or None, None, answer, None),
        recipients_of(facts),
    )


def _is_unusual(mail: Mail, effect: Effect, decision: Decision, reply: Reply) -> bool:
    """Whether a story has more to say: of flags, of what somebody else answered, of what recipients were to be told."""
    if effect.flags or decision.flags or reply.flags or effect.conflicts or not effect.canonical:
        return True
    if (
        reply.facts
        or reply.headers
        or reply.keep
        or reply.replay
        or reply.attempt_of
        or not (reply.status and reply.body)
    ):
        return True
    return not (mail.recipients and effect.run.isascii()) or any(mail.recipient_options) or decision.leaves
