"""A captured request as a curl command, quoted so that a shell takes nothing captured for anything but data."""

import shlex
from typing import Any

# Made by curl itself, or about one connection only.
_LEFT_OUT = frozenset(
    {"host", "content-length", "connection", "transfer-encoding", "proxy-connection", "accept-encoding"}
)
_BODY_LIMIT = 64 * 1024


def curl_command(detail: dict[str, Any]) -> str | None:
    """Of an HTTP request, else None. It holds no credentials: they were removed."""
    target = detail["target"]
    if target["scheme"] not in ("http", "https") or not target.get("method"):
        return None
    words = ["curl", "-X", target["method"], address(target, detail.get("query") or "")]
    for name, value in detail["headers"]:
        if name.lower() not in _LEFT_OUT:
            words += ["-H", f"{name}: {value}"]
    body = detail.get("body")
    if body is not None and len(body) <= _BODY_LIMIT:
        words += ["--data-raw", body]
    elif detail["payload"]["size"]:
        words += ["--data-binary", "@payload"]
    return _laid_out([shlex.quote(word) for word in words])


def address(target: dict[str, Any], query: str = "") -> str:
    """A target's URL; the port only where it is not the scheme's own."""
    usual = {"http": 80, "https": 443}.get(target["scheme"])
    host = f"[{target['host']}]" if ":" in target["host"] else target["host"]
    port = "" if target["port"] == usual else f":{target['port']}"
    return f"{target['scheme']}://{host}{port}{target.get('path') or '/'}{'?' + query if query else ''}"


def _laid_out(words: list[str]) -> str:
    first, rest = words[:4], words[4:]
    pairs = [" ".join(rest[at : at + 2]) for at in range(0, len(rest), 2)]
    return " \\\n  ".join([" ".join(first), *pairs])
