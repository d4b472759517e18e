"""Transcript: what was said on a WebSocket that was let out, in its handshake's capture before it is passed on."""

import base64
import json

from mitmproxy.http import HTTPFlow, Response
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.layers.websocket import WebsocketLayer

from ledger.reply import Reply
from proxy.mitm_leaving import Leaving
from proxy.mitm_reply import reply_of
from proxy.mitm_signals import ControlFrame, SoundstageControlHook

LONGEST = 256 * 1024
"""Octets of transcript that are kept; messages beyond are counted."""
TRANSCRIPT = "soundstage.transcript"
CONTROLS = {0x8: "close", 0x9: "ping", 0xA: "pong"}
"""Opcodes (RFC 6455, 11.8)."""
LONGEST_MESSAGE = 16 * 1024 * 1024
"""Octets of one message; a longer one ends the connection."""


class BoundedWebSocket(WebsocketLayer):
    """mitmproxy gathers a message until it is whole: one that never is must not fill the memory."""

    def relay_messages(self, event: events.Event) -> layer.CommandGenerator[None]:
        """As mitmproxy does, until one side sends too much; what is said between messages is recorded too."""
        for command in super().relay_messages(event):
            if isinstance(command, commands.SendData) and _is_passed_on(command, event):
                frame = _control_frame(self.flow, command.data, command.connection is self.context.server)
                if frame is not None:
                    yield SoundstageControlHook(frame)
            yield command
        if any(sum(map(len, side.frame_buf)) > LONGEST_MESSAGE for side in (self.client_ws, self.server_ws)):
            yield commands.CloseConnection(self.context.client)


def _is_passed_on(command: commands.SendData, event: events.Event) -> bool:
    return isinstance(event, events.ConnectionEvent) and command.connection is not event.connection


def _control_frame(flow: HTTPFlow, octets: bytes, from_client: bool) -> ControlFrame | None:
    """The control frame that these octets are, one whole frame of at most 125 octets; None for part of a message."""
    if len(octets) < 2 or octets[0] & 0x0F not in CONTROLS:
        return None
    masked, payload = octets[1] & 0x80, octets[2:]
    if masked:
        payload = bytes(octet ^ payload[at % 4] for at, octet in enumerate(payload[4:]))
    return ControlFrame(flow, CONTROLS[octets[0] & 0x0F], payload, from_client)


class Transcript:
    """One JSON object a line: who said it, and the text, or base64 of binary data."""

    def __init__(self) -> None:
        self.sent = 0
        self.received = 0
        self._octets = 0
        self._full = False

    def add(self, content: bytes, *, text: bool, from_client: bool) -> bytes:
        """The line that notes one message, whole where there is room; else nothing."""
        if from_client:
            self.sent += 1
        else:
            self.received += 1
        shown = {"text": content.decode("utf-8", "replace")} if text else {"base64": base64.b64encode(content).decode()}
        return self._line(shown, from_client)

    def add_control(self, frame: ControlFrame) -> bytes:
        """The line that notes what was said between messages. It counts for none."""
        coded = base64.b64encode(frame.payload).decode()
        return self._line({"control": frame.kind, "base64": coded}, frame.from_client)

    def _line(self, shown: dict[str, str], from_client: bool) -> bytes:
        line = json.dumps({"from": "client" if from_client else "server", **shown}).encode() + b"\n"
        self._full = self._full or self._octets + len(line) > LONGEST
        return b"" if self._full else line

    def reply(self, handshake: Response, line: bytes) -> Reply:
        """The handshake's answer, whose body goes on with a line: what was said before is on record."""
        kept = reply_of(handshake, line, flags=("reply_truncated",) if self._full else (), after=self._octets)
        kept.facts["messages"] = {"sent": self.sent, "received": self.received}
        self._octets += len(line)
        return kept


async def record_message(flow: HTTPFlow, leaving: Leaving) -> None:
    """Add the newest message to the capture. Raises what the ledger raises: then the message must not be passed on."""
    if flow.websocket is None or flow.response is None:
        raise ValueError("a message came on a connection that is no WebSocket")
    transcript = flow.metadata.setdefault(TRANSCRIPT, Transcript())
    message = flow.websocket.messages[-1]
    line = transcript.add(message.content, text=message.is_text, from_client=message.from_client)
    # mitmproxy would keep every message for as long as the connection lasts.
    flow.websocket.messages.clear()
    await leaving.settle(transcript.reply(flow.response, line))


async def record_control(frame: ControlFrame, leaving: Leaving) -> None:
    """Add it to the capture, where it says anything: an empty ping, as most are, carries nothing. Raises as above."""
    if frame.flow.response is None or not frame.payload:
        return
    transcript = frame.flow.metadata.setdefault(TRANSCRIPT, Transcript())
    line = transcript.add_control(frame)
    await leaving.settle(transcript.reply(frame.flow.response, line))
