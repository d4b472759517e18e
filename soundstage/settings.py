"""Settings: everything an operator can set, as one value. Read once, at the edge; the rooms take typed arguments."""

import ipaddress
from pathlib import Path

from pydantic import Field

from policies.frozen import Frozen
from soundstage.setting_values import Address, Days, LogGroup, Names, Octets, Paths, Port, Ports, Steering, Zones
from soundstage.trouble import ConfigError


class Settings(Frozen):
    """Each field is `SOUNDSTAGE_<FIELD>` in the environment and `<field>` in the file of `--config`."""

    bind: Address = "127.0.0.1"
    proxy_port: Port = 8080
    smtp_port: Port = 1025
    smtps_port: Port = 1465
    https_port: Port = 8443
    http_port: Port = 8081
    dns_port: Port = 1053
    socks_port: Port = 1080
    run_ports: Ports = ()
    """Of runs' own listeners, five for each; empty: any free ones."""
    wireguard_port: Port | None = None
    """Over UDP; None: nothing listens."""
    transparent_port: Port | None = None
    """Where the packet filter turns every TCP port to; None: nothing listens."""
    packet_log_group: LogGroup | None = None
    """The netfilter log group that the rules tell refused packets to; None: it is not read."""
    steer_to: Steering = ()
    """Addresses all names are answered with, or networks that each gets its own out of. Empty: the bind address."""
    internal_zones: Zones = Field(default_factory=dict)
    dashboard_bind: Address = "127.0.0.1"
    dashboard_port: Port = 8025
    dashboard_hosts: Names = ()
    """Empty: localhost and the bind address."""
    data_dir: Path = Path("soundstage-data")
    keep_days: Days = 14
    keep_bytes: Octets = 10 * 10**9
    policy: Paths = ()
    packs: Paths = ()
    """The operator's own folders of provider packs, beside the built-in ones."""
    hosts_file: Path | None = None
    admin_token_file: Path | None = None
    """None: `admin.token` in the data directory, made at the first start."""
    trust_dir: Path | None = None
    """A folder that other containers mount: the CA's certificate and the bundle are put there, never the key."""
    mail_bytes: Octets = 50 * 10**6
    upstream_ca_file: Path | None = None
    """More roots, beside the system's, that an opted-in destination's certificate may chain to."""

    @property
    def steered_to(self) -> tuple[str, ...]:
        """The addresses this machine is reached by: without networks, what every name is answered with."""
        return tuple(item for item in self.steer_to if "/" not in item) or (self.bind,)

    @property
    def own_addresses(self) -> tuple[str, ...]:
        """The networks that each name gets an address of its own out of, IPv4 first; none: names share `steered_to`."""
        return tuple(sorted((item for item in self.steer_to if "/" in item), key=lambda item: ":" in item))

    @property
    def token_file(self) -> Path:
        """Where the admin token lies."""
        return self.admin_token_file or self.data_dir / "admin.token"

    @property
    def dashboard_names(self) -> tuple[str, ...]:
        """The Host names the dashboard answers to."""
        return self.dashboard_hosts or ("localhost", self.dashboard_bind)


def refuse_exposure(settings: Settings) -> None:
    """Raise ConfigError where a bind would open more than the operator said (contract.md, Settings)."""
    if ipaddress.ip_address(settings.bind).is_unspecified and not settings.steer_to:
        raise ConfigError(
            f"SOUNDSTAGE_BIND={settings.bind} listens on every address, and DNS cannot answer with that one",
            "set SOUNDSTAGE_STEER_TO to the address that staging reaches this machine by",
        )
    if ipaddress.ip_address(settings.dashboard_bind).is_loopback:
        return
    missing = [
        name
        for name, given in (
            ("SOUNDSTAGE_ADMIN_TOKEN_FILE", settings.admin_token_file),
            ("SOUNDSTAGE_DASHBOARD_HOSTS", settings.dashboard_hosts),
        )
        if not given
    ]
    if missing:
        unset = " and ".join(missing)
        raise ConfigError(
            f"SOUNDSTAGE_DASHBOARD_BIND={settings.dashboard_bind} is beyond loopback, which needs {unset} to be set",
            "name the token file and the Host names people use, or bind the dashboard to 127.0.0.1",
        )
