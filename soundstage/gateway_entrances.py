"""Entrances: every listener of the gateway, and the engines behind them, from bind to stop."""

import contextlib
import errno
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from ledger.intake import BodyIntake
from ledger.trouble import LedgerUnavailable
from policies.http_request import HttpRequest
from policies.never import Socket
from proxy.ca import CaError, CertificateAuthority
from proxy.dns_https import DnsOverHttps
from proxy.dns_responder import DnsResponder
from proxy.door import Door
from proxy.engines import EngineChooser
from proxy.listener import Listener, PortInUse
from proxy.mitm_engine import MitmEngine
from proxy.name_book import NameBook
from proxy.steered import SteeredPlain, SteeredTls
from sinks.dialler import Dialler
from sinks.resolver import Resolver
from sinks.smtp_delivery import SmtpDelivery
from sinks.smtp_listener import SmtpListener
from soundstage.addresses import bind_hint, shown
from soundstage.gateway_dialler import dialler_of, prove_roots
from soundstage.gateway_doh import dns_over_https
from soundstage.gateway_explicit import explicit_entrance
from soundstage.gateway_gate import Judging
from soundstage.gateway_ground import Ground
from soundstage.gateway_mail import mail_listener
from soundstage.gateway_socks import socks_entrance
from soundstage.gateway_transparent import name_book, responder, transparent_entrance
from soundstage.settings import Settings
from soundstage.told_to_operator import told_to_operator
from soundstage.trouble import ConfigError

Bound = dict[str, tuple[str, int]]


@dataclass(slots=True)
class Entrances:
    """What listens, and where."""

    ca: CertificateAuthority
    chooser: EngineChooser
    engine: MitmEngine
    dialler: Dialler
    bound: Bound
    listeners: list[Listener]
    names: NameBook
    """Which address each name was given: one book for all entrances."""
    post: SmtpListener | None = None
    """Which serves mail connections that others accept."""
    questions: DnsResponder | None = None
    mail: SmtpDelivery | None = None
    """By which a mail passes that is whole already."""

    @property
    def open_flows(self) -> int:
        """Client connections being served now, mail's not counted."""
        return sum(listener.open_connections for listener in self.listeners)


@contextlib.asynccontextmanager
async def entrances(
    settings: Settings, ground: Ground, judging: Judging, resolver: Resolver | None = None
) -> AsyncIterator[Entrances]:
    """Listening, and refusing while the gate is closed. ConfigError: the CA or an address cannot be had.

    `resolver` answers for what is dialled; without one the settings say who does.
    """
    prove_roots(settings)
    with told_to_operator(CaError):
        ca = CertificateAuthority.open(settings.data_dir)
    dialler = dialler_of(settings, judging, resolver)
    with told_to_operator(LedgerUnavailable):
        names = name_book(settings, ground)
    asked = dns_over_https(settings, judging, names)
    engine = _engine(settings, ground, judging, ca, dialler, asked)
    judging.policy.told.append(
        lambda policy: engine.reconsider(
            lambda effect: policy.decide(ground.runs.for_policy(effect), datetime.now(UTC))
        )
    )
    chooser = _chooser(ground, judging, ca, engine, asked)
    made = Entrances(ca, chooser, engine, dialler, {}, [], names)
    async with contextlib.AsyncExitStack() as listening:
        await _listen(settings, judging, made, listening)
        await _listen_for_mail(settings, ground, judging, made, listening)
        await _listen_for_names(settings, ground, judging, made, listening)
        await _listen_for_any_protocol(settings, judging, made, listening)
        judging.own_sockets.extend(_places(made.bound))
        _prove_policy(judging)
        try:
            yield made
        finally:
            engine.shut_all()


def _engine(
    settings: Settings,
    ground: Ground,
    judging: Judging,
    ca: CertificateAuthority,
    dialler: Dialler,
    asked: DnsOverHttps,
) -> MitmEngine:
    def intake(head: HttpRequest) -> BodyIntake | None:
        return ground.store.intake(True) if judging.gate.keeps_body(head) else None

    return MitmEngine(
        asked,
        dialler,
        ca,
        extra_ca=settings.upstream_ca_file,
        intakes=intake,
        spool=settings.data_dir / "incoming",
        in_flight=judging.in_flight,
    )


def _chooser(
    ground: Ground, judging: Judging, ca: CertificateAuthority, engine: MitmEngine, asked: DnsOverHttps
) -> EngineChooser:
    door = Door(
        gate=asked,
        certificates=ca,
        intake=ground.store.intake,
        may_leave=judging.may_leave,
        other=engine,
        in_flight=judging.in_flight,
    )
    return EngineChooser(door, engine, may_leave=judging.may_leave, speaks_http2=judging.packs.speaks_http2)


async def _listen(settings: Settings, judging: Judging, made: Entrances, listening: contextlib.AsyncExitStack) -> None:
    for name, port, entrance in (
        ("https", settings.https_port, SteeredTls(made.chooser, judging.gate)),
        ("http", settings.http_port, SteeredPlain(made.chooser, judging.gate)),
    ):
        listener = Listener(entrance, judging.in_flight)
        with _told(name, settings.bind, port):
            made.bound[name] = await listener.start(settings.bind, port)
        made.listeners.append(listener)
        listening.push_async_callback(listener.stop)


async def _listen_for_mail(
    settings: Settings, ground: Ground, judging: Judging, made: Entrances, listening: contextlib.AsyncExitStack
) -> None:
    listener = mail_listener(settings, ground, judging, made.ca, made.dialler)
    listening.push_async_callback(listener.stop)
    made.post, made.mail = listener, listener.delivery
    with _told("smtp", settings.bind, settings.smtp_port):
        made.bound["smtp"] = await listener.start(settings.bind, settings.smtp_port)
    with _told("smtps", settings.bind, settings.smtps_port):
        made.bound["smtps"] = await listener.start(settings.bind, settings.smtps_port, implicit_tls=True)


async def _listen_for_names(
    settings: Settings, ground: Ground, judging: Judging, made: Entrances, listening: contextlib.AsyncExitStack
) -> None:
    made.questions = responder(settings, ground, judging, made.names if settings.own_addresses else None)
    with _told("dns", settings.bind, settings.dns_port):
        made.bound["dns"] = await made.questions.start(settings.bind, settings.dns_port)
    listening.push_async_callback(made.questions.stop)


async def _listen_for_any_protocol(
    settings: Settings, judging: Judging, made: Entrances, listening: contextlib.AsyncExitStack
) -> None:
    for name, port, entrance in (
        ("proxy", settings.proxy_port, explicit_entrance),
        ("socks", settings.socks_port, socks_entrance),
        ("transparent", settings.transparent_port, transparent_entrance),
    ):
        if port is None:
            continue
        listener = Listener(entrance(made, judging), judging.in_flight)
        with _told(name, settings.bind, port):
            made.bound[name] = await listener.start(settings.bind, port)
        made.listeners.append(listener)
        listening.push_async_callback(listener.stop)


@contextlib.contextmanager
def _told(name: str, bind: str, port: int) -> Iterator[None]:
    """A port that cannot be had is named with the setting that chooses another."""
    try:
        yield
    except PortInUse as trouble:
        said, cause = str(trouble).rstrip("."), trouble.__cause__
    except OSError as trouble:
        said = f"{shown(bind, port)}: {os.strerror(trouble.errno or errno.EINVAL).lower()}"
        cause = trouble
    else:
        return
    raise ConfigError(f"the {name} listener cannot start: {said}", bind_hint(cause, "SOUNDSTAGE", name.upper()))


def _prove_policy(judging: Judging) -> None:
    """Load it again now that it is known where we listen: an opt-in that leads to ourselves stops the start."""
    judging.policy.reload()
    if judging.policy.error is not None:
        raise ConfigError(judging.policy.error)


def _places(bound: Bound) -> list[Socket]:
    return list(bound.values())
