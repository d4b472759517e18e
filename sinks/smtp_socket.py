"""SmtpSocket: an accepted connection in the clear as bytes in and out. What they mean is its protocol's.

A transport on the socket itself: asyncio's own costs a task, two futures and four turns of the loop before a client is
greeted, a third of what a mail with a connection of its own took. TLS takes the socket over (`detached`).
"""

import asyncio
import logging
import socket
from typing import Any

LOG = logging.getLogger(__name__)
READ_OCTETS = 256 * 1024
HIGH_OCTETS = 64 * 1024
"""Replies the client has not taken, from which it is given no more of them until it has taken most."""
LOW_OCTETS = HIGH_OCTETS // 4


class SmtpSocket(asyncio.Transport):
    """Belongs to the event loop's thread. Calls its protocol as asyncio's transports do."""

    def __init__(self, sock: socket.socket, protocol: asyncio.Protocol, peer: Any) -> None:
        """Read from a socket that does not block, from the loop's next turn on. `peer`: its other end's address."""
        super().__init__()
        self._sock = sock
        self._descriptor = sock.fileno()
        self._protocol = protocol
        self._peer = peer
        self._loop = asyncio.get_running_loop()
        self._unsent = bytearray()
        self._reading = True
        self._ended = False
        """The client says no more."""
        self._closing = False
        self._half = False
        """Nothing follows what is unsent, but the client may still speak."""
        self._full = False
        self._loop.add_reader(self._descriptor, self._read)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """`peername` and `socket`."""
        known = {"peername": self._peer, "socket": self._sock}
        return known.get(name, default)

    def is_closing(self) -> bool:
        return self._closing

    def can_write_eof(self) -> bool:
        return True

    def pause_reading(self) -> None:
        if self._reading:
            self._reading = False
            self._loop.remove_reader(self._descriptor)

    def resume_reading(self) -> None:
        if not self._reading and not self._ended and not self._closing:
            self._reading = True
            self._loop.add_reader(self._descriptor, self._read)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send, or keep what the client does not take yet."""
        if self._unsent:
            self._unsent += data
        elif data and self._descriptor >= 0:
            try:
                sent = self._sock.send(data)
            except (BlockingIOError, InterruptedError):
                sent = 0
            except OSError as error:
                self._fail(error)
                return
            if sent == len(data):
                return  # as nearly every reply
            self._unsent += memoryview(data)[sent:]
            self._loop.add_writer(self._descriptor, self._flush)
        if len(self._unsent) > HIGH_OCTETS and not self._full:
            self._full = True
            self._protocol.pause_writing()

    def write_eof(self) -> None:
        """Close our half once everything is sent. Raises OSError where the client is gone."""
        self._half = True
        if not self._unsent:
            self._sock.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Read no more, and close once everything is sent."""
        if self._closing:
            return
        self.pause_reading()
        self._closing = True
        if not self._unsent:
            self._lose(None)

    def abort(self) -> None:
        """Close now."""
        self._closing = True
        self._lose(None)

    def detached(self) -> socket.socket:
        """The socket itself, for another to serve: this transport is over. Raises OSError: its replies are not read."""
        if self._unsent or self._closing:
            raise ConnectionAbortedError("the client does not read its replies")
        self.pause_reading()
        self._closing = True
        self._descriptor = -1
        del self._protocol  # each knows the other, and would wait for the garbage collector
        return self._sock

    def _read(self) -> None:
        try:
            data = self._sock.recv(READ_OCTETS)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._fail(error)
            return
        try:
            if data:
                self._protocol.data_received(data)
            else:
                self._end()
        except Exception as bug:
            LOG.exception("an SMTP connection ended in a bug")
            self._fail(bug)

    def _end(self) -> None:
        self.pause_reading()
        self._ended = True
        if not self._protocol.eof_received():
            self.close()

    def _flush(self) -> None:
        try:
            sent = self._sock.send(self._unsent)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._fail(error)
            return
        del self._unsent[:sent]
        if not self._unsent:
            self._loop.remove_writer(self._descriptor)
            if self._closing:
                self._lose(None)
                return
            if self._half:
                self._shut()
        if self._full and len(self._unsent) <= LOW_OCTETS:
            self._full = False
            self._protocol.resume_writing()

    def _shut(self) -> None:
        try:
            self._sock.shutdown(socket.SHUT_WR)
        except OSError as error:
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        self._closing = True
        self._lose(error)

    def _lose(self, error: Exception | None) -> None:
        """The socket is given back at once; the protocol hears of it in a turn of its own."""
        if self._descriptor < 0:
            return
        self.pause_reading()
        if self._unsent:
            self._loop.remove_writer(self._descriptor)
            self._unsent.clear()
        self._descriptor = -1
        self._sock.close()
        self._loop.call_soon(self._lost, error)

    def _lost(self, error: Exception | None) -> None:
        protocol = self._protocol
        del self._protocol  # as above
        protocol.connection_lost(error)


def half_closed(transport: asyncio.Transport) -> bool:
    """Close our half once everything is sent. False: it has none of its own, or the client is gone already."""
    if not transport.can_write_eof():
        return False
    try:
        transport.write_eof()
    except OSError:
        return False
    return True
