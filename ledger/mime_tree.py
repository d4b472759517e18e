"""The tree of a MIME message (RFC 2046), by offsets into its octets. Decoding lives elsewhere."""

from dataclasses import dataclass, field

from ledger.mime_budget import MimeBudget
from ledger.mime_head import Head, read_head, read_parameters


@dataclass(frozen=True, slots=True)
class Node:
    """One entity. A leaf has a `part`, its index in the message's parts; a multipart has children."""

    content_type: str
    part: int | None = None
    children: tuple["Node", ...] = ()


@dataclass(frozen=True, slots=True)
class Leaf:
    """An entity that is not divided, from `start` to `end` of the octets, still encoded."""

    head: Head
    content_type: str
    parameters: dict[str, str]
    start: int
    end: int


@dataclass
class Walk:
    """What has been found on the way through one message."""

    raw: bytes
    budget: MimeBudget
    leaves: list[Leaf] = field(default_factory=list)
    flags: dict[str, None] = field(default_factory=dict)
    delimiters: int = 0

    def entity(self, head: Head, end: int, depth: int, default: str = "text/plain") -> Node:
        """The node of an entity whose head has been read."""
        self.flags.update(dict.fromkeys(head.flags))
        value = head.raw("content-type")
        content_type, parameters = read_parameters(value) if value else (default, {})
        if "/" not in content_type:
            content_type, parameters = default, {}
        if content_type.startswith("multipart/"):
            boundary = parameters.get("boundary", "")
            if depth >= self.budget.depth:
                self.flags["too_deep"] = None
            elif boundary:
                return self._multipart(head, content_type, boundary.encode("utf-8"), end, depth)
            else:
                self.flags["broken_tree"] = None
            content_type = "application/octet-stream" if depth >= self.budget.depth else "text/plain"
        self.leaves.append(Leaf(head, content_type, parameters, head.body, end))
        return Node(content_type, len(self.leaves) - 1)

    def _multipart(self, head: Head, content_type: str, boundary: bytes, end: int, depth: int) -> Node:
        spans, closed = self._spans(head.body, end, b"--" + boundary)
        if not closed or not spans:
            self.flags["broken_tree"] = None
        default = "message/rfc822" if content_type == "multipart/digest" else "text/plain"
        children: list[Node] = []
        for start, stop in spans:
            if len(self.leaves) >= self.budget.parts:
                self.flags["too_many_parts"] = None
                break
            inner = read_head(self.raw, start, stop, self.budget)
            children.append(self.entity(inner, stop, depth + 1, default))
        if not children:
            self.leaves.append(Leaf(head, "text/plain", {}, head.body, end))
            children.append(Node("text/plain", len(self.leaves) - 1))
        return Node(content_type, None, tuple(children))

    def _spans(self, start: int, end: int, delimiter: bytes) -> tuple[list[tuple[int, int]], bool]:
        """Where the parts lie between delimiter lines, and whether the last one closes."""
        spans: list[tuple[int, int]] = []
        begun: int | None = None
        at = start if self.raw.startswith(delimiter, start, end) else self._next(delimiter, start, end)
        while at >= 0:
            self.delimiters += 1
            if self.delimiters > self.budget.delimiters or len(spans) > self.budget.parts:
                self.flags["too_many_parts"] = None
                return spans, True
            line_end = self.raw.find(b"\n", at, end) + 1 or end
            rest = self.raw[at + len(delimiter) : min(line_end, at + len(delimiter) + 200)].rstrip(b" \t\r\n")
            if rest in (b"", b"--"):
                if begun is not None:
                    spans.append((begun, max(begun, self._before_break(at))))
                if rest:
                    return spans, True
                begun = line_end
            at = self._next(delimiter, line_end - 1 if line_end < end or self.raw[end - 1 : end] == b"\n" else end, end)
        if begun is not None:
            spans.append((begun, end))
        return spans, False

    def _next(self, delimiter: bytes, at: int, end: int) -> int:
        found = self.raw.find(b"\n" + delimiter, at, end)
        return found + 1 if found >= 0 else -1

    def _before_break(self, at: int) -> int:
        """A delimiter's own line break belongs to it, not to the part before it."""
        return at - 2 if self.raw[at - 2 : at] == b"\r\n" else at - 1
