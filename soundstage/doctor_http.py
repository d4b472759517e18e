"""The doctor's connections: a GET, plain or in TLS, SMTP's first words, and whose answer it is that comes.

Nothing is sent that a server would act on: a page that no server has, no credentials, no mail. Certificates are not
checked, since whoever answers is what is to be found out.
"""

import base64
import re
import socket
import ssl
from collections.abc import Callable
from dataclasses import replace

from soundstage.doctor_attempt import Attempt, Outcome
from soundstage.doctor_connect import Patience, Stopped, connected, resolved
from soundstage.doctor_dns import question
from soundstage.table import printable

MOST = 16_384
SHOWN = 60
CAPTURE = re.compile(rb"\r\nsoundstage-capture:[ \t]*([\x21-\x7e]{1,100})[ \t]*\r\n", re.IGNORECASE)
VERDICT = re.compile(rb"\r\nsoundstage-verdict:[ \t]*([a-z]{1,20})[ \t]*\r\n", re.IGNORECASE)
MAILS_GREETING = b" ESMTP Soundstage"
DOH_NAME = "cloudflare-dns.com"


def plain(attempt: Attempt, patience: Patience) -> Outcome:
    """`tcp`, `metadata`, `host`, `device`: by address, whatever the port is for."""
    address = resolved(attempt.host, attempt.port)
    with connected(address, attempt.port, patience, attempt.device) as sock:
        return _asked(sock, attempt.path, authority(attempt.host, attempt.port), patience)


def by_name(attempt: Attempt, patience: Patience) -> Outcome:
    """`name`, `https`."""
    address = resolved(attempt.name, attempt.port)
    with connected(address, attempt.port, patience) as sock:
        if attempt.way == "name":
            met = _asked(sock, attempt.path, f"{attempt.name}:{attempt.port}", patience)
        else:
            met = _encrypted(sock, attempt.name, attempt.path, patience)
    return replace(met, address=address)


def encrypted(attempt: Attempt, patience: Patience) -> Outcome:
    """`tls`, `doh`: to an address, with the name in SNI and Host."""
    with connected(resolved(attempt.host, attempt.port), attempt.port, patience) as sock:
        if attempt.way == "tls":
            return _encrypted(sock, attempt.name, attempt.path, patience, attempt.port)
        asked = base64.urlsafe_b64encode(question(attempt.name)).rstrip(b"=").decode()
        return _encrypted(sock, DOH_NAME, f"/dns-query?dns={asked}", patience)


def dns_over_tls(attempt: Attempt, patience: Patience) -> Outcome:
    """`dot`: first in the clear, where Soundstage would say who it is; whoever says nothing to that is asked in TLS."""
    first = plain(attempt, patience)
    if first.met != "connected":
        return first
    with connected(resolved(attempt.host, attempt.port), attempt.port, patience) as sock:
        return _in_tls(sock, attempt.name, patience, lambda there: Outcome("answered", f"it speaks {there.version()}"))


def through_proxy(attempt: Attempt, patience: Patience) -> Outcome:
    """`proxy`: with the variable's credentials, as every program there is would use it."""
    host, _, port = attempt.host.removeprefix("http://").rpartition(":")
    secret = base64.b64encode(attempt.credentials.encode()).decode()
    more = f"Proxy-Authorization: Basic {secret}\r\n" if attempt.credentials else ""
    where = resolved(host.strip("[]"), int(port))
    with connected(where, int(port), patience) as sock:
        return _asked(sock, f"http://{attempt.name}{attempt.path}", attempt.name, patience, more)


def mail(attempt: Attempt, patience: Patience) -> Outcome:
    """`smtp`: EHLO and QUIT (RFC 5321); implicit TLS on 465."""
    with connected(resolved(attempt.host, attempt.port), attempt.port, patience) as sock:
        if attempt.port != 465:
            return _greeted(sock)
        return _in_tls(sock, attempt.name, patience, _greeted)


def authority(host: str, port: int) -> str:
    """`host:port`, with the brackets of an IPv6 address."""
    bare = host.partition("%")[0]
    return f"[{bare}]:{port}" if ":" in bare else f"{bare}:{port}"


def read_answer(octets: bytes) -> Outcome:
    """Whose answer it is. No other server sends Soundstage's headers; what is not known for it is somebody else's."""
    if not octets:
        return Outcome("connected", "it was closed without a word")
    head = octets.partition(b"\r\n\r\n")[0] + b"\r\n"
    capture, verdict = CAPTURE.search(head), VERDICT.search(head)
    words = printable(head.partition(b"\r\n")[0].decode("latin-1"))[:SHOWN]
    if capture is None or verdict is None:
        return Outcome("answered", words)
    return Outcome("ours", words, capture=capture[1].decode(), verdict=verdict[1].decode().lower())


def _asked(sock: socket.socket, path: str, host: str, patience: Patience, more: str = "") -> Outcome:
    lines = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: soundstage-doctor\r\n{more}Connection: close\r\n\r\n"
    return _said(sock, lines.encode(), patience)


def _said(sock: socket.socket, octets: bytes, patience: Patience) -> Outcome:
    seen = b""
    try:
        sock.sendall(octets)
        while len(seen) < MOST and b"\r\n\r\n" not in seen:
            sock.settimeout(patience.left)
            more = sock.recv(4096)
            if not more:
                break
            seen += more
    except TimeoutError:
        return read_answer(seen) if seen else Outcome("connected", "nobody said anything")
    except OSError as trouble:
        return read_answer(seen) if seen else Outcome("connected", f"it was cut: {trouble.strerror or trouble}")
    return read_answer(seen)


def _encrypted(sock: socket.socket, name: str, path: str, patience: Patience, port: int = 443) -> Outcome:
    host = name if port == 443 else f"{name}:{port}"
    return _in_tls(sock, name, patience, lambda there: _asked(there, path, host, patience))


def _in_tls(sock: socket.socket, name: str, patience: Patience, then: Callable[[ssl.SSLSocket], Outcome]) -> Outcome:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    sock.settimeout(patience.left)
    try:
        with context.wrap_socket(sock, server_hostname=name) as there:
            return then(there)
    except TimeoutError:
        return Outcome("connected", "nobody answered the TLS handshake")
    except ssl.SSLError as trouble:
        # It said something that is no TLS, which a peer that only cuts connections does not.
        if "EOF" in str(trouble.reason or trouble):
            return Outcome("connected", "the TLS handshake was cut")
        return Outcome("answered", f"no TLS: {trouble.reason or trouble}")
    except OSError as trouble:
        return Outcome("connected", f"the TLS handshake was cut: {trouble.strerror or trouble}")


def _greeted(sock: socket.socket) -> Outcome:
    try:
        banner = sock.recv(512)
        if banner:
            sock.sendall(b"EHLO soundstage-doctor.invalid\r\n")
            sock.recv(2048)
            sock.sendall(b"QUIT\r\n")
    except TimeoutError:
        return Outcome("connected", "nobody said anything")
    except OSError as trouble:
        return Outcome("connected", f"it was cut: {trouble.strerror or trouble}")
    words = printable(banner.partition(b"\r\n")[0].decode("latin-1"))[:SHOWN]
    if not banner:
        return Outcome("connected", "it was closed without a word")
    return Outcome("ours" if MAILS_GREETING in banner else "answered", words)


def stopped(tried: Callable[[Attempt, Patience], Outcome], attempt: Attempt, patience: Patience) -> Outcome:
    """What it met, whether there was a connection or not."""
    try:
        return tried(attempt, patience)
    except Stopped as met:
        return met.outcome
