"""DNS over HTTPS as the gateway answers it, wherever HTTP is served."""

from proxy.dns_answer import Steering
from proxy.dns_https import DnsOverHttps
from proxy.dns_name import InternalZones
from proxy.dns_own_addresses import OwnAddresses
from proxy.name_book import NameBook
from soundstage.gateway_gate import Judging
from soundstage.internal_resolver import forward, resolver_of
from soundstage.settings import Settings


def dns_over_https(settings: Settings, judging: Judging, names: NameBook) -> DnsOverHttps:
    """The gate as engines that serve HTTP have it. Whoever came by name alone is steered as by our own responder."""
    own = OwnAddresses(names)
    return DnsOverHttps(
        judging.gate,
        steered=own if settings.own_addresses else Steering(settings.steered_to),
        own=own,
        zones=InternalZones({zone: resolver_of(text) for zone, text in settings.internal_zones.items()}),
        forward=forward,
    )
