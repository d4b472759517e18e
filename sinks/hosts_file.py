"""HostsFile: names with fixed addresses, in the form of /etc/hosts. Read once; it permits nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path


class HostsFileError(Exception):
    """The file cannot be understood: the operator must correct the named line."""


@dataclass(frozen=True, slots=True)
class HostsFile:
    """Lower-case name to addresses, in the order of the file."""

    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def addresses(self, host: str) -> tuple[str, ...]:
        """The addresses of a name, or none where the file does not speak of it."""
        return self.names.get(host.rstrip(".").lower(), ())


def read_hosts_file(path: Path) -> HostsFile:
    """Read hosts(5): an address, then its names; `#` starts a comment. Raises HostsFileError, never half-applied."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise HostsFileError(f"the hosts file {path} cannot be read: {error}") from error
    return parse_hosts(text, str(path))


def parse_hosts(text: str, where: str = "hosts file") -> HostsFile:
    """`text` in the form of hosts(5). `where` names it in errors."""
    names: dict[str, tuple[str, ...]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        fields = line.partition("#")[0].split()
        if not fields:
            continue
        address = _address(fields[0], f"{where}, line {number}")
        if len(fields) == 1:
            raise HostsFileError(f"{where}, line {number}: the address {address} has no name after it")
        for name in fields[1:]:
            key = name.rstrip(".").lower()
            names[key] = (*names.get(key, ()), address)
    return HostsFile(names)


def _address(text: str, where: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        raise HostsFileError(f"{where}: {text!r} is not an IP address") from None
