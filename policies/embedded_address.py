"""IPv4 addresses carried inside IPv6 ones: a connection to such an address may arrive at the IPv4 one."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network

_MAPPED = IPv6Network("::ffff:0:0/96")  # RFC 4291, section 2.5.5.2
_TRANSLATED = IPv6Network("::ffff:0:0:0/96")  # RFC 2765
_COMPATIBLE = IPv6Network("::/96")  # RFC 4291, section 2.5.5.1
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052
_LOCAL_NAT64 = IPv6Network("64:ff9b:1::/48")  # RFC 8215
_LOW_32_BITS = (_MAPPED, _TRANSLATED, _COMPATIBLE, _NAT64, _LOCAL_NAT64)
_SIX_TO_FOUR = IPv6Network("2002::/16")  # RFC 3056
_TEREDO = IPv6Network("2001::/32")  # RFC 4380
_ISATAP = frozenset({0x00005EFE, 0x02005EFE})  # RFC 5214, section 6.1


def embedded(ip: IPv6Address) -> tuple[IPv4Address, ...]:
    """The IPv4 addresses in it, or an empty tuple. Teredo carries two: its server's and its client's."""
    value = int(ip)
    low = IPv4Address(value & 0xFFFFFFFF)
    if value <= 1:
        return ()
    if any(ip in network for network in _LOW_32_BITS):
        return (low,)
    if ip in _SIX_TO_FOUR:
        return (IPv4Address(value >> 80 & 0xFFFFFFFF),)
    if ip in _TEREDO:
        return (IPv4Address(value >> 64 & 0xFFFFFFFF), IPv4Address(int(low) ^ 0xFFFFFFFF))
    if value >> 32 & 0xFFFFFFFF in _ISATAP:
        return (low,)
    return ()
