"""Whether somebody looks at an address with a browser, and is shown a page, or a program asks, and is told in JSON."""

from collections.abc import Mapping

_FOR_PROGRAMS = ("/api/", "/mailpit/", "/mailhog/", "/static/", "/mail/", "/live", "/healthz", "/readyz", "/metrics")


def looks(path: str, headers: Mapping[str, str]) -> bool:
    """htmx asks for parts, and shows no page inside another."""
    shown = "text/html" in headers.get("accept", "") and "hx-request" not in headers
    return shown and not path.startswith(_FOR_PROGRAMS)
