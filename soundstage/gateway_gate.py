"""The gate as the gateway builds it: packs, sinks, the policy in force, and whose traffic it is."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from weakref import WeakSet

from ledger.runs import Runs
from policies.decision import Decision
from policies.dns_question import DnsQuestion
from policies.effect import UNATTRIBUTED, Effect
from policies.http_request import HttpRequest
from policies.mail import Mail
from policies.never import Socket
from policies.pack import Packs
from policies.policy import Policy
from policies.policy_file import load_policy
from policies.policy_problem import PolicyError
from policies.raw_connection import RawConnection
from policies.scheduled_job import ScheduledJob
from proxy.dns_repeats import Repeats
from sinks.gate import Gate
from sinks.http_sink import HttpSink
from sinks.in_flight import InFlight
from sinks.job_sink import JobSink
from sinks.mail_sink import MailSink
from sinks.moto_supervisor import MotoProcess
from sinks.s3_emulator import S3Emulator
from sinks.terse_sink import TerseSink
from soundstage.gateway_ground import Ground
from soundstage.packs_in_use import packs_in_use
from soundstage.policy_in_force import PolicyInForce
from soundstage.settings import Settings
from soundstage.trouble import ConfigError


@dataclass(frozen=True, slots=True)
class Judging:
    """The gate with what it judges by."""

    gate: Gate
    policy: PolicyInForce
    packs: Packs
    own_sockets: list[Socket]
    """Filled as the listeners bind: a policy that is loaded before knows none of them."""
    in_flight: InFlight = field(default_factory=InFlight)
    """What has been begun and not been answered yet."""
    repeats: WeakSet[Repeats] = field(default_factory=WeakSet)
    """Of every DNS responder there is."""

    async def tell_repeats(self) -> None:
        """Write down how often questions were repeated. Raises LedgerUnavailable."""
        for repeats in tuple(self.repeats):
            await repeats.tell()

    def may_leave(self, host: str, port: int) -> bool:
        """Whether anything to this name could leave now."""
        return self.policy.in_force.may_leave(host, port, datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class _Deciding:
    """The policy in force, asked of a run inside another as of that one."""

    policy: PolicyInForce
    runs: Runs

    def decide(self, effect: Effect, now: datetime) -> Decision:
        asked = effect if effect.run == UNATTRIBUTED else self.runs.for_policy(effect)
        return self.policy.in_force.decide(asked, now)


@contextlib.asynccontextmanager
async def judging(settings: Settings, ground: Ground) -> AsyncIterator[Judging]:
    """Closed, until the self-test has passed. Raises ConfigError where packs or policy are refused."""
    packs = packs_in_use(settings.packs)
    own_sockets: list[Socket] = []
    policy = _policy(settings, packs, own_sockets)
    moto = MotoProcess()
    s3 = S3Emulator(moto)
    http = HttpSink(packs, ground.objects, ground.secret, {"s3": s3})
    terse = TerseSink()
    in_flight = InFlight()
    gate = Gate(
        policy=_Deciding(policy, ground.runs),
        packs=packs,
        ledger=ground.writer,
        sinks={HttpRequest: http, Mail: MailSink(), DnsQuestion: terse, RawConnection: terse, ScheduledJob: JobSink()},
        runs=ground.runs,
        masker=ground.masker,
        in_flight=in_flight,
    )
    try:
        yield Judging(gate, policy, packs, own_sockets, in_flight)
    finally:
        await s3.close()
        await moto.stop()


def _policy(settings: Settings, packs: Packs, own_sockets: list[Socket]) -> PolicyInForce:
    def load() -> Policy:
        return load_policy(settings.policy, packs=packs, own_sockets=own_sockets, now=datetime.now(UTC))

    try:
        return PolicyInForce(settings.policy, load)
    except PolicyError as refused:
        raise ConfigError(str(refused), "soundstage policy check FILE tries a file without a start") from None
