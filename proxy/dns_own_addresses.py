"""Own addresses: answers of every type where each name has an address of its own. Pure but for the name book.

Each record it makes is of the type that was asked, but for ANY, which RFC 8482 has answered with an HINFO.
"""

from ipaddress import ip_address

import dns.exception
import dns.name
import dns.rdatatype
import dns.reversename
import dns.rrset

from proxy.dns_answer import Steering, record_set
from proxy.name_book import NameBook, NameNotKept

NAMESERVER = "ns.soundstage.invalid."
_LOOPBACK = {dns.rdatatype.A: "127.0.0.1", dns.rdatatype.AAAA: "::1"}
_VERSIONS = {dns.rdatatype.A: 4, dns.rdatatype.AAAA: 6}
_LOCALHOST = dns.name.from_text("localhost.")
_REVERSE = dns.name.from_text("arpa.")


class OwnAddresses(Steering):
    """Every name exists and is a zone of its own, as far as anybody can tell who asks."""

    def __init__(self, names: NameBook) -> None:
        super().__init__(())
        self._names = names

    def records(self, question: dns.rrset.RRset) -> list[dns.rrset.RRset]:
        """The name's own address; PTR of such an address; SOA and NS; of ANY as little as RFC 8482 permits.

        MX gets no data, so that mail is brought to the address itself (RFC 5321, 5.1), as do TXT, SRV, CAA, HTTPS and
        all others: nothing true could be said. Raises NamesUsedUp, LedgerUnavailable.
        """
        kind = question.rdtype
        if kind in _VERSIONS:
            address = self._address(question.name, kind)
            return [] if address is None else [record_set(question, kind, address)]
        if kind == dns.rdatatype.PTR:
            name = self._name(question.name)
            return [] if name is None else [record_set(question, kind, name)]
        fixed = _FIXED.get(kind)
        return [] if fixed is None else [record_set(question, *fixed)]

    def _address(self, name: dns.name.Name, kind: dns.rdatatype.RdataType) -> str | None:
        if name.is_subdomain(_LOCALHOST):
            return _LOOPBACK[kind]  # RFC 6761, 6.3: it never leaves the machine that asks
        if name == dns.name.root or name.is_subdomain(_REVERSE):
            return None
        if kind == dns.rdatatype.AAAA and not self._names.has_ipv6:
            return None
        try:
            return self._names.address_of(name.to_text(omit_final_dot=True), _VERSIONS[kind])
        except NameNotKept:
            return None

    def _name(self, reverse: dns.name.Name) -> str | None:
        try:
            address = dns.reversename.to_address(reverse)
        except (dns.exception.DNSException, ValueError):
            return None
        if ip_address(address).is_loopback:
            return "localhost."
        name = self._names.name_of(address)
        return None if name is None else f"{name}."


_FIXED = {
    dns.rdatatype.SOA: (dns.rdatatype.SOA, f"{NAMESERVER} hostmaster.soundstage.invalid. 1 3600 600 86400 2"),
    dns.rdatatype.NS: (dns.rdatatype.NS, NAMESERVER),
    dns.rdatatype.ANY: (dns.rdatatype.HINFO, '"RFC8482" ""'),
}
