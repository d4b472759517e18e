"""A session's transaction made into the `Mail` that travels. Pure."""

from policies.body import Body
from policies.mail import Mail
from sinks.smtp_session import SmtpSession

EIGHT_BIT_PROMISED = ("BODY=8BITMIME", "SMTPUTF8")


def mail_of(
    session: SmtpSession,
    body: Body,
    flags: tuple[str, ...],
    *,
    source: str,
    protocol: str,
    port: int,
    head: bytes = b"",
) -> Mail:
    """`flags` as `SmtpData` found them: 8-bit octets are odd only where 7-bit was promised."""
    options = session.sender.options if session.sender is not None else ()
    if "eight_bit" in flags and any(option.upper() in EIGHT_BIT_PROMISED for option in options):
        flags = tuple(flag for flag in flags if flag != "eight_bit")
    return Mail(
        sender=session.sender.address if session.sender is not None else "",
        recipients=tuple([recipient.address for recipient in session.recipients]),
        body=body,
        source=source,
        protocol=protocol,
        port=port,
        helo=session.helo,
        tls=session.tls,
        sender_options=options,
        recipient_options=tuple([recipient.options for recipient in session.recipients]),
        transcript=session.transcript.text(),
        claim=session.claim,
        head=head,
        flags=flags,
    )
