"""Transcript: what was said on a WebSocket that was let out, in its handshake's capture before it is passed on."""

import base64
import json

from mitmproxy.http import HTTPFlow, Response
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.layers.websocket import WebsocketLayer

from ledger.reply import Reply
from proxy.mitm_leaving import Leaving
from proxy.mitm_reply import reply_of

LONGEST = 256 * 1024
"""Octets of transcript that are kept; messages beyond are counted."""
TRANSCRIPT = "soundstage.transcript"
LONGEST_MESSAGE = 16 * 1024 * 1024
"""Octets of one message; a longer one ends the connection."""


class BoundedWebSocket(WebsocketLayer):
    """mitmproxy gathers a message until it is whole: one that never is must not fill the memory."""

    def relay_messages(self, event: events.Event) -> layer.CommandGenerator[None]:
        """As mitmproxy does, until one side sends too much."""
        yield from super().relay_messages(event)
        if any(sum(map(len, side.frame_buf)) > LONGEST_MESSAGE for side in (self.client_ws, self.server_ws)):
            yield commands.CloseConnection(self.context.client)


class Transcript:
    """One JSON object a line: who said it, and the text, or base64 of binary data."""

    def __init__(self) -> None:
        self.sent = 0
        self.received = 0
        self._lines = bytearray()
        self._full = False

    def add(self, content: bytes, *, text: bool, from_client: bool) -> None:
        """Note one message, whole where there is room."""
        if from_client:
            self.sent += 1
        else:
            self.received += 1
        shown = {"text": content.decode("utf-8", "replace")} if text else {"base64": base64.b64encode(content).decode()}
        line = json.dumps({"from": "client" if from_client else "server", **shown}).encode() + b"\n"
        if self._full or len(self._lines) + len(line) > LONGEST:
            self._full = True
            return
        self._lines += line

    def reply(self, handshake: Response) -> Reply:
        """The handshake's answer with the conversation so far."""
        kept = reply_of(handshake, bytes(self._lines), flags=("reply_truncated",) if self._full else ())
        kept.facts["messages"] = {"sent": self.sent, "received": self.received}
        return kept


async def record_message(flow: HTTPFlow, leaving: Leaving) -> None:
    """Add the newest message to the capture. Raises what the ledger raises: then the message must not be passed on."""
    if flow.websocket is None or flow.response is None:
        raise ValueError("a message came on a connection that is no WebSocket")
    transcript = flow.metadata.setdefault(TRANSCRIPT, Transcript())
    message = flow.websocket.messages[-1]
    transcript.add(message.content, text=message.is_text, from_client=message.from_client)
    # mitmproxy would keep every message for as long as the connection lasts.
    flow.websocket.messages.clear()
    await leaving.settle(transcript.reply(flow.response))
