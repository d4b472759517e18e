"""TlsTransport: TLS on one accepted socket, as asyncio knows transports. What is said inside is read elsewhere.

asyncio's own has one transport below its TLS and another above: of a small request's cost a tenth, of a new
connection's a fifth. Here the socket is read once whenever it is readable, and written at once.
"""

import asyncio
import contextlib
import socket
import ssl
from typing import Any, Literal

from proxy.door_limits import DoorLimits
from proxy.door_outbox import Outbox

READ_OCTETS = 65_536  # in one turn of the loop, which others share
RECORD_OCTETS = 16_384  # no record holds more (RFC 8446, 5.1)


class TlsTransport(asyncio.Transport):
    """The server's side of a connection. Its protocol is to pause writing whenever the socket is full."""

    def __init__(
        self, sock: socket.socket, context: ssl.SSLContext, protocol: asyncio.Protocol, limits: DoorLimits
    ) -> None:
        """The socket must not block, and is closed here."""
        super().__init__()
        self._loop = asyncio.get_running_loop()
        self._sock = sock
        self._protocol = protocol
        self._closing_seconds = limits.linger_seconds
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        # What `ssl`'s object hands each call on to, where it has such a thing.
        self._records: Any = vars(self._tls).get("_sslobj", self._tls)
        self._outbox = Outbox(sock, full=protocol.pause_writing, sent=self._go_on, lost=self._over)
        self._shaken: asyncio.Future[None] = self._loop.create_future()
        late = ConnectionAbortedError("the handshake took too long")
        self._timer = self._loop.call_later(limits.handshake_seconds, self._over, late)
        self._state: Literal["shaking", "open", "closing", "over"] = "shaking"
        self._reading = True
        self._holds_ticket = False
        self._heard_end = False
        """The client will send nothing more."""
        self._said_end = False

    async def handshake(self) -> None:
        """Return once it is done and the protocol has its connection. Raises OSError, of which ssl.SSLError is one."""
        self._loop.add_reader(self._sock, self._readable)
        self._readable()  # its first octets have been looked at already
        try:
            await self._shaken
        except BaseException:
            self.abort()
            raise
        finally:
            del self._shaken  # else an error, which knows this frame, would be known by what it ended

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """`ssl_object` and `socket`."""
        return {"ssl_object": self._tls, "socket": self._sock}.get(name, default)

    def is_closing(self) -> bool:
        return self._state in ("closing", "over")

    def is_reading(self) -> bool:
        return self._reading and self._state != "over"

    def pause_reading(self) -> None:
        """Leave in the kernel what comes."""
        if self._reading and self._state == "open":
            self._reading = False
            self._loop.remove_reader(self._sock)

    def resume_reading(self) -> None:
        """Read on."""
        if not self._reading and self._state != "over":
            self._reading = True
            self._loop.add_reader(self._sock, self._readable)

    def _readable(self) -> None:
        try:
            data = self._sock.recv(READ_OCTETS)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._over(error)
            return
        try:
            self._incoming.write(data)
            if not data:
                self._hang_up()
            elif self._state == "open":
                self._hand_on()
            elif self._state == "shaking":
                self._shake()
            else:
                self._throw_away()
        except Exception as bug:
            self._loop.call_exception_handler({"message": "A TLS connection ended in a bug.", "exception": bug})
            self._over(bug)

    def _hang_up(self) -> None:
        """The client ended the connection below TLS: our end of TLS is not awaited any more."""
        self._loop.remove_reader(self._sock)
        self._said_end = True
        if self._state == "shaking":
            self._over(ConnectionResetError("the client went away"))
        else:
            self._end()

    def _shake(self) -> None:
        if self._shaken.cancelled():
            return  # nobody waits for it any more: `handshake` ends the connection in the loop's next turn
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._send()
            return
        except ssl.SSLError as error:
            self._send()
            self._over(error)
            return
        self._timer.cancel()
        self._state = "open"
        # A client of TLS 1.3 waits for nothing more: its ticket goes with the first answer. In a packet of its own,
        # which wakes the client, it cost 70 us and more.
        self._holds_ticket = self._tls.version() == "TLSv1.3"
        if not self._holds_ticket:
            self._send()
        self._shaken.set_result(None)
        self._protocol.connection_made(self)
        if self._incoming.pending and not self.is_closing():
            self._hand_on()

    def _hand_on(self) -> None:
        """Give the protocol all that has come, at once: also what came before a record that cannot be read."""
        data, ended, wrong = b"", False, None
        try:
            data = more = self._records.read(RECORD_OCTETS)
            # What is shorter than a record was all of one, and TLS holds nothing back.
            while more and (self._incoming.pending or len(more) == RECORD_OCTETS):
                more = self._records.read(RECORD_OCTETS)
                data += more
            ended = not more
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            wrong = error
        if data:
            self._protocol.data_received(data)
        if self._outgoing.pending and not self._holds_ticket:
            self._send()
        if wrong is not None:
            self._over(wrong)
        elif ended:
            self._end()

    def _end(self) -> None:
        """The client has ended its half, and halves of TLS connections are not used here."""
        self._heard_end = True
        if self._state == "open":
            self._protocol.eof_received()
            self.close()
        else:
            self._part()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Encrypt and send."""
        if self._state != "open" or not data:
            return
        try:
            written = self._records.write(data)
            while written < len(data):  # a record at a time
                written += self._records.write(memoryview(data)[written:])
        except ssl.SSLError as error:
            self._over(error)
            return
        self._holds_ticket = False
        self._outbox.send(self._outgoing.read())

    def _send(self, flags: int = 0) -> None:
        self._holds_ticket = False
        data = self._outgoing.read()
        if data and self._state != "over":
            self._outbox.send(data, flags)

    def _go_on(self) -> None:
        self._protocol.resume_writing()
        if self._state == "closing":
            self._part()

    def can_write_eof(self) -> bool:
        """TLS has no half that could be closed by itself."""
        return False

    def close(self) -> None:
        """Send what is unsent, say that this is the end, and give the client its moment to say so too."""
        if self._state == "shaking":
            self.abort()
        elif self._state == "open":
            self.resume_reading()
            self._state = "closing"
            self._part()

    def _part(self) -> None:
        """One step of closing."""
        if not self._outbox.waiting and not self._said_end:
            self._said_end = True
            with contextlib.suppress(ssl.SSLError):  # while the client has not said its own yet
                self._tls.unwrap()
            # With the connection closed right behind it, it goes in the packet that says that.
            self._send(socket.MSG_MORE if self._heard_end else 0)
        if self._heard_end and not self._outbox.waiting:
            self._over(None)
        elif self._timer.cancelled() and self._state == "closing":
            self._timer = self._loop.call_later(self._closing_seconds, self._lose_patience, self._outbox.waiting)

    def _lose_patience(self, waited: int) -> None:
        """Whoever reads on, however slowly, has another moment."""
        waiting = self._outbox.waiting
        if 0 < waiting < waited:
            self._timer = self._loop.call_later(self._closing_seconds, self._lose_patience, waiting)
        else:
            self._over(TimeoutError("the client did not close"))

    def _throw_away(self) -> None:
        """Read on for the client's end of TLS alone."""
        try:
            while self._tls.read(RECORD_OCTETS):
                pass
            self._end()
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:  # as `ssl` says it once our own end was said
            self._end()
        except ssl.SSLError as error:
            self._over(error)

    def abort(self) -> None:
        """Close now."""
        self._over(None)

    def _over(self, error: Exception | None) -> None:
        """The end, whatever it came by. The loop forgets the socket before its number may be another's."""
        if self._state == "over":
            return
        shaking, self._state = self._state == "shaking", "over"
        self._timer.cancel()
        self._outbox.drop()
        self._loop.remove_reader(self._sock)
        self._sock.close()
        if not shaking:
            self._loop.call_soon(self._protocol.connection_lost, error)
        elif not self._shaken.done():
            self._shaken.set_exception(error or ConnectionAbortedError("the connection was closed"))
        del self._protocol  # each knows the other, and would wait for the garbage collector
