"""Downloads: captured bytes are handed over, never shown in place, whatever they say they are."""

from starlette.responses import Response


def download(content: bytes, filename: str) -> Response:
    """An attachment under a name that can neither break the header nor climb out of a folder."""
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "._- ") else "_" for c in filename).strip(". ")[:120]
    headers = {
        "content-disposition": f'attachment; filename="{safe or "part.bin"}"',
        "content-security-policy": "default-src 'none'; sandbox",
        "referrer-policy": "no-referrer",
    }
    return Response(content, headers=headers, media_type="application/octet-stream")
