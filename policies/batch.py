"""Batches: requests inside the body of another, which the server does one by one and which nobody judged.

OData's and Microsoft's `$batch`, Google's and Azure's parts of type `application/http`, Meta's parameter `batch`.
"""

import re
from urllib.parse import unquote

from policies.http_request import HttpRequest
from policies.request_view import RequestView

ANYWHERE = ("/", "/a-path/that-nobody/would-write")
"""Only an opt-in for every path means each of these: the requests inside may name any."""
_TYPES = ("multipart/mixed", "multipart/batch", "application/http")
_ASKED = re.compile(r"(?:\A|[&;])comp=batch(?:\Z|[&;])", re.IGNORECASE)
"""Azure's."""


def is_batch(request: HttpRequest) -> bool:
    """Whether a server may take the body for requests of its own."""
    if request.method != "POST":
        return False
    path, _, query = request.target.partition("?")
    if unquote(path).rstrip("/").lower().endswith("/$batch") or _ASKED.search(unquote(query)):
        return True
    types = [value.lower() for name, value in request.headers if name == "content-type"]
    return any(value.startswith(_TYPES) for value in types) or _names_batch(request)


def _names_batch(request: HttpRequest) -> bool:
    """A field `batch` that holds requests; another, such as the number of one, says nothing of methods."""
    view = RequestView(request, "", 0, "/")
    held = view.args.get("batch") if isinstance(view.args, dict) else None
    return held is not None and "method" in str(held).lower()
