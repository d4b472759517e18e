"""Beginning TLS on an accepted connection, for STARTTLS and for implicit TLS alike."""

import asyncio
import logging
import socket
import ssl
from asyncio.sslproto import SSLProtocol
from collections.abc import Callable

from sinks.smtp_entrance import SmtpEntrance
from sinks.smtp_socket import SmtpSocket

LOG = logging.getLogger(__name__)

# Each TLS connection of asyncio is born with a buffer of this size, every page of it touched: at the 256 KB it comes
# with, a third of the processor time of a new connection, and 256 MB for a thousand idle ones. A record has 16 KB.
SSLProtocol.max_size = 64 * 1024


class HandshakeFailed(Exception):
    """The client did not go through with TLS; its connection is gone. The message says why, as far as it is known."""


async def secured(
    transport: asyncio.Transport,
    protocol: asyncio.Protocol,
    entrance: SmtpEntrance,
    source: str,
    given_up: Callable[[], bool],
) -> asyncio.Transport:
    """The connection under TLS, the transport in the clear being over. Raises HandshakeFailed.

    `given_up` is asked when this is cancelled: whether that was because we wait for the client no longer.
    """
    assert isinstance(transport, SmtpSocket)  # noqa: S101 - TLS is begun once, on the socket itself
    try:
        return await _shaken(transport, protocol, entrance, source)
    except asyncio.CancelledError:
        if not given_up():
            raise
        raise HandshakeFailed("the client went away") from None


async def _shaken(
    transport: SmtpSocket, protocol: asyncio.Protocol, entrance: SmtpEntrance, source: str
) -> asyncio.Transport:
    context, seconds = entrance.tls_context, entrance.limits.handshake_seconds
    loop = asyncio.get_running_loop()
    reason = "TLS could not be begun; the log says why"
    sock: socket.socket | None = None
    try:
        sock = transport.detached()
        if context is not None:
            upgraded, _ = await loop.connect_accepted_socket(
                lambda: protocol, sock, ssl=context(), ssl_handshake_timeout=seconds
            )
            if upgraded.get_extra_info("ssl_object") is not None:
                return upgraded
            reason = "the client went away"
    except OSError as error:
        reason = _why(error)
        # A frame of asyncio's that it came through knows it, and ours with it: they would wait for the collector.
        error.__traceback__ = None
    except Exception:
        LOG.exception("TLS could not be begun with the SMTP client %s", source)
    transport.abort()
    if sock is not None:
        sock.close()
    raise HandshakeFailed(reason)


def _why(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or str(error)).replace("_", " ").lower()
    return str(error) or type(error).__name__
