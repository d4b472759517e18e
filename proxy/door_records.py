"""Records of TLS that have come, made into what was said in them. No sockets here."""

import ssl

RECORD_OCTETS = 16_384
"""No record holds more (RFC 8446, 5.1)."""


def all_of(tls: ssl.SSLObject, incoming: ssl.MemoryBIO) -> tuple[bytes, bool, ssl.SSLError | None]:
    """What is said in all whole records at hand; whether the client ended TLS behind it; what cannot be read."""
    data = b""
    try:
        data = tls.read(RECORD_OCTETS)
        ended = not data
        while not ended and (incoming.pending or tls.pending()):
            more = tls.read(RECORD_OCTETS)
            ended = not more
            data += more
    except ssl.SSLWantReadError:
        return data, False, None
    except ssl.SSLError as error:
        return data, False, error
    return data, ended, None
