"""The mail server as the gateway builds it: for everybody, and once more for each run that asks for its own."""

import contextlib
import ssl
from collections.abc import Callable
from datetime import UTC, datetime

from policies.decision import Decision
from policies.effect import Effect
from policies.http_request import RunClaim
from proxy.ca import CertificateAuthority
from sinks.dialler import Dialler
from sinks.relay import Relay
from sinks.smtp_limits import SmtpLimits
from sinks.smtp_listener import SmtpListener
from soundstage.gateway_dialler import relay_tls
from soundstage.gateway_gate import Judging
from soundstage.gateway_ground import Ground
from soundstage.settings import Settings

HOSTNAME = "soundstage"
"""What the mail entrances call themselves."""


def mail_listener(
    settings: Settings,
    ground: Ground,
    judging: Judging,
    ca: CertificateAuthority,
    dialler: Dialler,
    claim: RunClaim | None = None,
) -> SmtpListener:
    """Not listening yet. `claim`: of the run it is for alone."""

    def rules(effect: Effect) -> Decision:
        return judging.policy.in_force.decide(ground.runs.for_policy(effect), datetime.now(UTC))

    return SmtpListener(
        judging.gate,
        _mail_tls(ca, settings.steered_to[0]),
        HOSTNAME,
        intakes=lambda: ground.store.intake(True),
        relay=Relay(dialler, HOSTNAME, tls_context=lambda: relay_tls(settings), rules=rules),
        limits=SmtpLimits(message_octets=settings.mail_bytes),
        in_flight=judging.in_flight,
        claim=claim,
    )


def _mail_tls(ca: CertificateAuthority, default: str) -> Callable[[], ssl.SSLContext]:
    """The certificate for the name a mail client asks for; mail clients that ask for none know us by our address."""
    context = ca.context_for(default)

    def named(connection: ssl.SSLObject | ssl.SSLSocket, name: str | None, _: ssl.SSLContext) -> None:
        with contextlib.suppress(ValueError):
            connection.context = ca.context_for(name or default)

    context.sni_callback = named
    return lambda: context
