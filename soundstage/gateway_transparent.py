"""The transparent entrance as the gateway builds it, for everybody or for one run, and the names it goes by."""

from typing import Protocol

from ledger.name_file import NameFile
from policies.http_request import RunClaim
from proxy.dns_name import InternalZones
from proxy.dns_repeats import Repeats
from proxy.dns_responder import DnsResponder
from proxy.engines import EngineChooser
from proxy.name_book import DEFAULT_NETWORK, NameBook
from proxy.transparent import TransparentEntrance
from sinks.dialler import Dialler
from sinks.smtp_listener import SmtpListener
from soundstage.gateway_gate import Judging
from soundstage.gateway_ground import Ground
from soundstage.internal_resolver import forward, resolver_of
from soundstage.settings import Settings


class Made(Protocol):
    """`soundstage.gateway_entrances.Entrances`, as far as a transparent entrance is made of it."""

    chooser: EngineChooser
    dialler: Dialler
    names: NameBook
    post: SmtpListener | None
    questions: DnsResponder | None


def transparent_entrance(
    made: Made, judging: Judging, claim: RunClaim | None = None, questions: DnsResponder | None = None
) -> TransparentEntrance:
    """An entrance for everybody, or with a claim for one run, whose own `questions` answer DNS over TCP then.

    To be called once mail and names are listening.
    """
    if made.post is None:
        raise RuntimeError("the mail entrance is not listening yet: the transparent one serves mail by it")
    return TransparentEntrance(
        chooser=made.chooser,
        gate=judging.gate,
        mail=made.post,
        names=made.names,
        claim=claim,
        questions=questions or (made.questions if claim is None else None),
        own_ends=made.dialler.ends,
    )


def name_book(settings: Settings, ground: Ground) -> NameBook:
    """The one book of this gateway. It gives addresses out of the usual network even where DNS answers with another.

    Raises LedgerUnavailable.
    """
    network, network6 = (*settings.own_addresses, None, None)[:2]
    return NameBook(
        NameFile(settings.data_dir),
        ground.secret,
        network=network or DEFAULT_NETWORK,
        network6=network6,
        holds_secret=lambda name: ground.masker.words(name) != name,
    )


def responder(
    settings: Settings,
    ground: Ground,
    judging: Judging,
    names: NameBook | None,
    claim: RunClaim | None = None,
) -> DnsResponder:
    """A DNS responder that is not listening yet. With `names`, it gives each name an address out of that book."""

    def booked_to(source: str) -> str:
        """What is asked again after a removal is on record again: the capture it was counted on may be gone."""
        return f"{ground.ledger.removals} {ground.runs.booked_to(claim, source)}"

    repeats = Repeats(ground.writer.count, whose=booked_to)
    judging.repeats.add(repeats)
    return DnsResponder(
        gate=judging.gate,
        steer_to=settings.steered_to,
        zones=InternalZones({zone: resolver_of(text) for zone, text in settings.internal_zones.items()}),
        forward=forward,
        repeats=repeats,
        names=names,
        claim=claim,
    )
