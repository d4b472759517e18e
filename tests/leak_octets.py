"""First bytes of connections that are no request: hellos cut, stuffed or hidden, and what is neither TLS nor HTTP."""

import contextlib
import ssl

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\x04\0\0\0\0\0"
NOT_HTTP = {
    "ssh": b"SSH-2.0-client\r\n",
    "random-bytes": b"\x00\x01\x02\xff raw\r\n\r\n",
    "smtp": b"EHLO shop.test\r\nMAIL FROM:<a@shop.test>\r\n",
    "dns-over-tcp": b"\x00\x21\x12\x34\x01\x00\x00\x01" + bytes(6) + b"\x04open\x05story\x04test\x00\x00\x01\x00\x01",
    "socks": b"\x05\x01\x00",
    "http2-without-alpn-in-the-clear": PREFACE,
    "empty-lines-and-noise": b"\r\n\r\n\x7f",
}


def hello(name: str, *, cut: int = 0, protocols: int = 0) -> bytes:
    """OpenSSL's ClientHello. `cut`: in records of so many octets. `protocols`: with so many made-up ones in ALPN."""
    context = ssl.create_default_context()
    if protocols:
        context.set_alpn_protocols([*(f"made-up-protocol-{number:0>200}" for number in range(protocols)), "http/1.1"])
    outgoing = ssl.MemoryBIO()
    client = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name)
    with contextlib.suppress(ssl.SSLWantReadError):
        client.do_handshake()
    sent = outgoing.read()
    if not cut:
        return sent
    message = _message(sent)
    return b"".join(_record(message[at : at + cut]) for at in range(0, len(message), cut))


def hello_with(name: str, *extensions: bytes, twice: bool = False) -> bytes:
    """A ClientHello by hand with an SNI (or two), and further extensions."""
    server_name = b"\0" + _sized(2, name.encode())
    listed = _extension(0, _sized(2, server_name * (2 if twice else 1))) + b"".join(extensions)
    content = b"\x03\x03" + bytes(32) + _sized(1, b"") + _sized(2, b"\x13\x01") + _sized(1, b"\0") + _sized(2, listed)
    return _record(b"\x01" + _sized(3, content))


def encrypted_hello() -> bytes:
    """The extension of an inner hello that only its own server could read (RFC 9849)."""
    return _extension(0xFE0D, b"\0\0\x01\0\x01\x07" + _sized(2, bytes(32)) + _sized(2, bytes(144)))


def _message(sent: bytes) -> bytes:
    message, at = b"", 0
    while at < len(sent):
        size = int.from_bytes(sent[at + 3 : at + 5])
        message += sent[at + 5 : at + 5 + size]
        at += 5 + size
    return message


def _record(piece: bytes) -> bytes:
    return b"\x16\x03\x01" + _sized(2, piece)


def _extension(kind: int, content: bytes) -> bytes:
    return kind.to_bytes(2) + _sized(2, content)


def _sized(size: int, content: bytes) -> bytes:
    return len(content).to_bytes(size) + content
