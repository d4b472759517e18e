"""Secret spellings: the same few secrets as programs, templates and other programs' forms write them.

Each row is made as those in `secret_rows` are; these are looked at by masking alone.
"""

import json
from urllib.parse import quote

from secret_requests import FORM, JSON, XML, Asked, Make, body, header, query

SLACK = "https://hooks.slack.com/services/T01ABCDEF/B02ABCDEF/$"
DISCORD = "https://discord.com/api/webhooks/123456789012345678/$"
TEAMS = "https://acme.webhook.office.com/webhookb2/a-b@c-d/IncomingWebhook/$/x-y"
USER = "https://user:$@shop.test/"
NAMES = (
    *("api-key", "api_key", "api.key", "api key", "client_secret", "user[password]", "user.pass", "user[pin]"),
    *("metadata[api_key]", "metadata[api-key]", "a[0][api_key]", "a[api_key][]", "passwords[]", "card-number"),
)


def escaped(text: str, unreserved: str = "_.-~") -> str:
    """As `quote` does it, and with the signs that need none escaped as well."""
    return "".join(f"%{ord(char):02X}" if char in unreserved else quote(char, safe="$") for char in text)


def whole(kind: str, text: str) -> Make:
    """A body in which a number sign is just that."""
    return lambda secret: Asked(body=text.replace("$", secret.core).encode(), kind=kind)


def links(name: str, link: str) -> dict[str, Make]:
    """One link in whatever a program puts it into."""
    once = quote(link, safe="$")
    # A user and a password are known by the signs before them.
    bare = link if link is USER else link.partition("//")[2]
    return {
        f"{name}-json-of-php": body(JSON, json.dumps({"url": link}).replace("/", "\\/")),
        f"{name}-json-in-json-of-php": body(JSON, json.dumps({"m": json.dumps({"url": link}).replace("/", "\\/")})),
        f"{name}-json-coded": body(JSON, json.dumps({"url": link}).replace("/", "\\u002f")),
        f"{name}-quoted-in-json": body(JSON, json.dumps({"url": once})),
        f"{name}-quoted-in-form": body(FORM, f"a=1&url={once}&b=2"),
        f"{name}-quoted-twice": body(FORM, f"url={quote(once, safe='$')}"),
        f"{name}-without-scheme": body(FORM, f"url={quote(bare, safe='$')}"),
        f"{name}-without-scheme-twice": body(FORM, f"url={quote(quote(bare, safe='$'), safe='$')}"),
        f"{name}-all-signs": body(FORM, f"url={escaped(bare)}"),
        f"{name}-html": whole(XML, f"<a>{link.replace('/', '&#x2F;')}</a>"),
        f"{name}-html-decimal": whole("text/html", f'<a href="{link.replace("/", "&#47;")}">x</a>'),
        f"{name}-query": query(f"u={quote(bare, safe='$')}"),
        f"{name}-path": lambda secret: Asked(target=f"/go/{quote(bare, safe='$').replace('$', secret.core)}"),
        f"{name}-field": header("x-hook", quote(bare, safe="$")),
    }


def names(name: str) -> dict[str, Make]:
    """One name with its signs escaped, or not, as a form's, a query's, and a link's in something else."""
    rows: dict[str, Make] = {}
    for spelling, told in {
        "plain": name,
        "escaped": quote(name, safe=""),
        "lower": quote(name, safe="").lower(),
        "all-signs": escaped(name),
        "twice": quote(quote(name, safe=""), safe=""),
        "all-signs-twice": quote(escaped(name), safe=""),
    }.items():
        rows |= {
            f"{name}-{spelling}-form": body(FORM, f"a=1&{told}=$&b=2"),
            f"{name}-{spelling}-first": body(FORM, f"{told}=$&b=2"),
            f"{name}-{spelling}-query": query(f"a=1&{told}=$"),
            f"{name}-{spelling}-link": body(JSON, json.dumps({"u": f"https://x.test/p?a=1&{told}=$"})),
            f"{name}-{spelling}-field": header("referer", f"https://x.test/p?a=1&{told}=$"),
            f"{name}-{spelling}-unlike-a-form": body(FORM, f"a={{x}}&{told}=$"),
            f"{name}-{spelling}-in-form": body(FORM, "p=" + quote(f"a=1&{told}=$", safe="$")),
        }
    return rows


def told_of(text: str) -> Make:
    return body(JSON, text)


SIGNS: dict[str, Make] = {
    "gson-token": told_of('{"url":"https://x.test/?a\\u003d1\\u0026token\\u003d$\\u0026b\\u003d1"}'),
    "gson-signature": told_of('{"url":"https://x.test/?a\\u003d1\\u0026sig\\u003d$"}'),
    "gson-key": told_of('{"url":"https://x.test/?key\\u003d$"}'),
    "gson-form": told_of('{"m":"password\\u003d$"}'),
    "net-bearer": told_of('{"m":"Bearer abcdefghijklmn\\u002B$"}'),
    "net-account-key": told_of('{"m":"AccountKey=abcdefghijklmn\\u002B$==;x"}'),
    "php-bearer": told_of('{"m":"Bearer abc\\/efg\\/ijk\\/$"}'),
    "php-account-key": told_of('{"m":"AccountKey=abcdefghijklmn\\/$==;x"}'),
    "php-webhook-secret": told_of('{"m":"whsec_abc\\/efg\\/$"}'),
    "html-parameter": body("text/html", '<a href="https://x.test/?a=1&amp;key=$">'),
    "html-parameter-by-number": whole("text/html", '<a href="https://x.test/?a=1&#38;sig&#x3D;$">'),
    "at-in-password": told_of('{"url":"https://user:p@$@x.test/"}'),
    "token-alone": told_of('{"url":"https://$@x.test/"}'),
    "token-as-user": told_of('{"url":"https://$:@x.test/"}'),
    "token-as-oauth-user": told_of('{"url":"https://$:x-oauth-basic@github.com/a/b.git"}'),
    "slack-for-governments": body(FORM, "url=hooks.slack-gov.com%2Fservices%2FT0%2FB0%2F$"),
    "slack-in-capitals": told_of('{"url":"HTTPS://HOOKS.Slack.com/services/T0/B0/$"}'),
    "slack-path-alone": told_of('{"path":"/services/T01ABCDEF/B02ABCDEF/$"}'),
}
LINKS: dict[str, Make] = {
    row: make
    for name, link in (("slack", SLACK), ("discord", DISCORD), ("teams", TEAMS), ("user", USER))
    for row, make in links(name, link).items()
}
FIELDS: dict[str, Make] = {row: make for name in NAMES for row, make in names(name).items()}
