"""Values of policy files that are more than words: when an opt-in ends, where calls and mails go instead, networks."""

import re
from datetime import UTC, datetime, time, timedelta
from ipaddress import ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from policies.address import OPENED_BY_ADDRESSES, classify, refusal
from policies.host import BadName, as_address, canonical_host
from policies.never import refusal_of_host
from policies.path import is_canonical
from policies.pattern import BadPattern

FURTHEST = timedelta(days=90)
"""An opt-in lives no longer than this without somebody looking at it again."""
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})\Z"
)
_METHOD = re.compile(r"[A-Z][A-Z-]{0,30}\Z")


def read_expiry(text: str, now: datetime) -> tuple[datetime, str]:
    """The end of an opt-in and how people read it. Raises ValueError."""
    furthest = now + FURTHEST
    try:
        if _DATE.match(text):
            day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date()
            if day > furthest.astimezone(UTC).date():
                raise ValueError(_too_far(text, furthest))
            return datetime.combine(day, time(), UTC) + timedelta(days=1), f"the end of {text} (UTC)"
        if _RFC3339.match(text):
            end = datetime.fromisoformat(text.upper())
            if end > furthest:
                raise ValueError(_too_far(text, furthest))
            return end.astimezone(UTC), text
    except (ValueError, OverflowError) as error:
        if str(error).startswith(repr(text)):
            raise
    raise ValueError(f"{text!r:.80} is no date; write one such as {furthest:%Y-%m-%d}, or RFC 3339 with its offset")


def read_target_url(text: object, schemes: tuple[str, ...], addresses: tuple[str, ...]) -> str:
    """The URL of where something goes instead, as written. Raises ValueError."""
    right = f"write one such as {schemes[0]}://host.internal:{9000 if schemes[0] == 'http' else 25}"
    if not isinstance(text, str):
        raise BadPattern(f"{text!r:.80} is no URL; {right}")
    try:
        url = urlsplit(text)
        port = url.port
        if url.scheme not in schemes or not url.hostname or port == 0 or not text.isascii() or not text.isprintable():
            raise ValueError(text)
        host = canonical_host(url.hostname)
    except (ValueError, BadName) as error:
        raise ValueError(
            f"{text!r:.80} is no URL of a host that can be reached by {' or '.join(schemes)}; {right}"
        ) from error
    if "@" in url.netloc or "?" in text or "#" in text or "\\" in text or not _is_plain(url, host):
        raise ValueError(f"{text!r:.80} is more than a plain host, port and path in canonical form; {right}")
    _check_reachable(host, addresses)
    return text


def read_network(value: object) -> str:
    """A network or an address in CIDR form. Raises ValueError."""
    try:
        return str(ip_network(str(value)))
    except ValueError as error:
        raise ValueError(f"{value!r:.80} is no network; write one such as 10.0.0.0/8, its host bits zero") from error


def read_opened_network(value: object) -> str:
    """A network that `addresses` may open. Raises ValueError."""
    network = read_network(value)
    kind = classify(ip_network(network).network_address)
    if kind == "public":
        raise ValueError(f"{value!r} is public, and public addresses need no opening; name private networks only")
    if kind not in OPENED_BY_ADDRESSES:
        raise ValueError(f"{value!r} begins with a {kind.replace('_', '-')} address, which nothing may ever reach")
    return network


def read_method(value: object) -> str:
    """An HTTP method. Raises ValueError."""
    if isinstance(value, str) and _METHOD.match(value):
        return value
    right = value.upper() if isinstance(value, str) and _METHOD.match(value.upper()) else "one such as POST"
    raise ValueError(f"{value!r:.80} is no method; write {right}")


def _is_plain(url: SplitResult, host: str) -> bool:
    # `hostname` is lower-cased by the split; what stands in the file must be the canonical spelling itself.
    return host in url.netloc and url.hostname == host and is_canonical(url.path or "/")


def _check_reachable(host: str, addresses: tuple[str, ...]) -> None:
    never = refusal_of_host(host)
    if never is not None:
        raise ValueError(f"{never.reason}; name another host")
    address = as_address(host)
    shut = None if address is None else refusal(ip_address(host), addresses)
    if shut is not None:
        raise ValueError(f"{shut}; write addresses: [{ip_network(host)}]")


def _too_far(text: str, furthest: datetime) -> str:
    return f"{text!r} is more than 90 days ahead; write {furthest:%Y-%m-%d} or earlier"
