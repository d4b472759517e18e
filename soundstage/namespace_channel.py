"""Channel: what the two halves of a contained run tell each other: JSON messages, and descriptors beside them."""

import contextlib
import json
import os
import socket
from collections.abc import Sequence
from typing import Any

OCTETS = 65_536
"""Of one message. What may be longer (the order, with a whole environment) lies in a file in memory."""
DESCRIPTORS = 64


class Channel:
    """One end of a pair. A message arrives whole or not at all."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    @classmethod
    def pair(cls) -> tuple["Channel", "Channel"]:
        """Both ends."""
        one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        return cls(one), cls(other)

    @classmethod
    def of(cls, descriptor: int) -> "Channel":
        """The end that this process was started with."""
        return cls(socket.socket(fileno=descriptor))

    def fileno(self) -> int:
        return self._sock.fileno()

    def send(self, message: dict[str, Any], descriptors: Sequence[int] = ()) -> None:
        """OSError: the other half has gone."""
        socket.send_fds(self._sock, [json.dumps(message).encode()], list(descriptors))

    def receive(self) -> tuple[dict[str, Any], list[int]] | None:
        """The next message and its descriptors, waited for; None: the other half has gone.

        ValueError, TypeError: it is none, and its descriptors are closed.
        """
        try:
            octets, descriptors, _, _ = socket.recv_fds(self._sock, OCTETS, DESCRIPTORS)
        except ConnectionError:
            return None
        if not octets:
            return None
        with contextlib.ExitStack() as unread:
            for descriptor in descriptors:
                unread.callback(os.close, descriptor)
                os.set_inheritable(descriptor, False)
            message = dict(json.loads(octets))
            unread.pop_all()
        return message, list(descriptors)

    def close(self) -> None:
        self._sock.close()
