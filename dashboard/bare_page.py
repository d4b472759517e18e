"""A page that needs nothing but itself: for who is not signed in, and for what is refused before any page is reached.

It carries its own style, so that no file is served to strangers, and it is made of what cannot fail.
"""

import base64
import hashlib
from html import escape
from http import HTTPStatus

from starlette.responses import HTMLResponse

_STYLE = (
    ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;margin:0;min-height:100vh;display:grid;"
    "place-items:center;background:light-dark(#f6f7f9,#12161c);color:light-dark(#1c2430,#dfe5ec)}"
    "main{max-width:26rem;padding:2rem;margin:1rem;border-radius:10px;background:light-dark(#fff,#1a2029);"
    "box-shadow:0 1px 3px #0003}h1{font-size:1.25rem;margin:0 0 .75rem}p{margin:0 0 1rem}"
    "code{font:0.9em ui-monospace,monospace}label{display:block;margin-bottom:.3rem}"
    "input{font:inherit;width:100%;box-sizing:border-box;padding:.5rem;border:1px solid #8a94a3;border-radius:6px;"
    "background:transparent;color:inherit}"
    "button{font:inherit;margin-top:.75rem;padding:.5rem 1rem;border:0;border-radius:6px;background:#1d5fbf;color:#fff;"
    "cursor:pointer}:focus-visible{outline:3px solid #4b93ff;outline-offset:2px}"
    ".wrong{border-left:4px solid #c62f2f;padding-left:.75rem}"
)
_POLICY = (
    "default-src 'none'; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    + "'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>{title} - Soundstage</title><style>{style}</style></head>
<body><main>{main}</main></body></html>
"""
_HEADINGS = {
    403: "Refused",
    413: "Too large",
    421: "Not by this name",
    429: "Too often",
    500: "The dashboard failed",
}
_BACK = '<p><a href="/">Back to Soundstage</a></p>'


def bare_page(status: int, title: str, main: str) -> HTMLResponse:
    """`main`: HTML of our own making."""
    text = _PAGE.format(style=_STYLE, title=escape(title), main=main)
    return HTMLResponse(text, status, {"content-security-policy": _POLICY})


def refusal_page(status: int, sentence: str) -> HTMLResponse:
    """Why a request was refused, for who looks. Under a name we do not answer to there is nowhere to go back to."""
    heading = _HEADINGS.get(status, HTTPStatus(status).phrase)
    back = "" if status == 421 else _BACK
    return bare_page(status, heading, f'<h1>{heading}</h1><p class="wrong">{escape(sentence)}</p>{back}')
