"""The one page that people without credentials see."""

from starlette.responses import HTMLResponse

from dashboard.bare_page import bare_page

_MAIN = """<h1>Soundstage</h1>{wrong}
<p>Open the sign-in link that <code>soundstage up</code> printed, or a fresh one of
<code>soundstage sign-in</code>. Each is good once, for ten minutes.</p>
<form method="post" action="/sign-in"><label for="token">Or sign in with the admin token
(<code>admin.token</code> in the data directory)</label>
<input id="token" name="token" type="password" autocomplete="off" required>
<button>Sign in</button></form>"""


def sign_in_page(status: int, wrong: str = "") -> HTMLResponse:
    """`wrong` is one of our own sentences, never anything that was sent."""
    told = f'<p class="wrong" role="alert">{wrong}</p>' if wrong else ""
    page = bare_page(status, "Sign in", _MAIN.format(wrong=told))
    if status == 401:
        page.headers["www-authenticate"] = 'Bearer realm="soundstage"'
    return page
