"""The one page that people without credentials see. It carries its own style, so that no file is served to them."""

import base64
import hashlib

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
<title>Sign in - Soundstage</title><style>{style}</style></head>
<body><main><h1>Soundstage</h1>{wrong}
<p>Open the sign-in link that <code>soundstage up</code> printed, or a fresh one of
<code>soundstage sign-in</code>. Each is good once, for ten minutes.</p>
<form method="post" action="/sign-in"><label for="token">Or sign in with the admin token
(<code>admin.token</code> in the data directory)</label>
<input id="token" name="token" type="password" autocomplete="off" required>
<button>Sign in</button></form></main></body></html>
"""


def sign_in_page(status: int, wrong: str = "") -> HTMLResponse:
    """`wrong` is one of our own sentences, never anything that was sent."""
    told = f'<p class="wrong" role="alert">{wrong}</p>' if wrong else ""
    headers = {"content-security-policy": _POLICY, "www-authenticate": 'Bearer realm="soundstage"'}
    return HTMLResponse(_PAGE.format(style=_STYLE, wrong=told), status, headers if status == 401 else _without(headers))


def _without(headers: dict[str, str]) -> dict[str, str]:
    return {"content-security-policy": headers["content-security-policy"]}
