"""Beginning TLS on an accepted connection, for STARTTLS and for implicit TLS alike."""

import asyncio
import logging
import ssl
from collections.abc import Callable

LOG = logging.getLogger(__name__)


async def secured(
    transport: asyncio.Transport,
    protocol: asyncio.Protocol,
    context: Callable[[], ssl.SSLContext] | None,
    *,
    seconds: float,
    source: str,
) -> asyncio.Transport | None:
    """The transport under TLS, or None after a handshake that failed, whose connection is then gone."""
    loop = asyncio.get_running_loop()
    try:
        if context is not None:
            return await loop.start_tls(transport, protocol, context(), server_side=True, ssl_handshake_timeout=seconds)
    except OSError as error:
        LOG.info("a TLS handshake with the SMTP client %s failed: %s", source, error)
    except Exception:
        LOG.exception("TLS could not be begun with the SMTP client %s", source)
    transport.abort()
    return None
