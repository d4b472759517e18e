"""The one dialler as the gateway builds it: who resolves names, which addresses are fixed, what it must not dial."""

import ssl

from sinks.dialler import Dialler
from sinks.hosts_file import HostsFile, HostsFileError, read_hosts_file
from sinks.resolver import DnsResolver, Resolver, SystemResolver, ZoneResolver
from soundstage.gateway_gate import Judging
from soundstage.internal_resolver import resolver_of
from soundstage.settings import Settings
from soundstage.told_to_operator import told_to_operator
from soundstage.trouble import ConfigError


def dialler_of(settings: Settings, judging: Judging, resolver: Resolver | None = None) -> Dialler:
    """Raises ConfigError where the hosts file cannot be read."""
    return Dialler(resolver or _resolver(settings), _hosts_file(settings), lambda: judging.own_sockets)


def relay_tls(settings: Settings) -> ssl.SSLContext:
    """What a relay's certificate has to chain to: the system's roots, and the operator's."""
    context = ssl.create_default_context()
    if settings.upstream_ca_file is not None:
        context.load_verify_locations(settings.upstream_ca_file)
    return context


def prove_roots(settings: Settings) -> None:
    """Raise ConfigError where SOUNDSTAGE_UPSTREAM_CA_FILE cannot be used: at the first dial it is a riddle."""
    try:
        relay_tls(settings)
    except OSError as trouble:
        raise ConfigError(
            f"SOUNDSTAGE_UPSTREAM_CA_FILE={settings.upstream_ca_file} cannot be used: {trouble.strerror or trouble}",
            "it has to hold certificates in PEM form",
        ) from trouble


def _resolver(settings: Settings) -> Resolver:
    zones: dict[str, Resolver] = {
        zone: DnsResolver(*resolver_of(text)) for zone, text in settings.internal_zones.items()
    }
    return ZoneResolver(zones, SystemResolver()) if zones else SystemResolver()


def _hosts_file(settings: Settings) -> HostsFile | None:
    if settings.hosts_file is None:
        return None
    with told_to_operator(HostsFileError):
        return read_hosts_file(settings.hosts_file)
