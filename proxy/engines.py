"""Engines: which of them serves a connection, asked once, before a byte of TLS or HTTP is answered."""

from collections.abc import Callable

from proxy.connection import Connection, Engine


class EngineChooser:
    """The door for what cannot leave; the other engine for what may, and for what the door does not speak."""

    def __init__(
        self,
        door: Engine,
        other: Engine | None,
        *,
        may_leave: Callable[[str, int], bool],
        speaks_http2: Callable[[str], bool],
    ) -> None:
        self._door = door
        self._other = other
        self._may_leave = may_leave
        self._speaks_http2 = speaks_http2
        self.forced: set[tuple[str, int]] = set()
        """Client addresses and ports that the other engine serves whatever they name: the self-test's own."""

    def choose(self, connection: Connection, host: str, port: int) -> Engine | None:
        """The engine for a connection to `host` (as the client named it); None: nobody speaks what it offers."""
        speaks_only_http2 = "h2" in connection.alpn and "http/1.1" not in connection.alpn
        if self._other is None:
            return None if speaks_only_http2 else self._door
        if (
            speaks_only_http2
            or (connection.source, connection.source_port) in self.forced
            or self._may_leave(host, port)
            or self._speaks_http2(host)
        ):
            return self._other
        return self._door
