"""Secret octets: rows that no ordinary request is: framing, malformed heads, no HTTP at all, SMTP, DNS, proxies.

Each gets the sender and a secret, and sends.
"""

from collections.abc import Callable
from email.message import EmailMessage

from secret_requests import Secret, basic
from secret_sender import NOBODYS, PERHAPS, SecretSender

Send = Callable[[SecretSender, Secret], None]
ENGINES = {"door": NOBODYS, "mitm": PERHAPS}


def head(host: str, *lines: str, method: str = "POST", target: str = "/v1/things") -> bytes:
    return "\r\n".join((f"{method} {target} HTTP/1.1", f"Host: {host}", *lines, "", "")).encode()


def framed(*lines: str, body: str = "", target: str = "/v1/things", host: str = "HOST") -> Callable[[str], Send]:
    """Octets within TLS; `$` is the secret, `LENGTH` its length in chunks."""

    def to(name: str) -> Send:
        def send(sender: SecretSender, secret: Secret) -> None:
            def told(text: str) -> str:
                return text.replace("$", secret.core)

            octets = head(host.replace("HOST", name), *map(told, lines), target=told(target)) + told(body).encode()
            sender.octets(octets, name)

        return send

    return to


def raw(text: str) -> Callable[[str], Send]:
    """Octets within TLS."""
    return lambda name: (
        lambda sender, secret: sender.octets(
            text.replace("$", secret.core).replace("HOST", name).encode("latin-1"), name
        )
    )


def tunnelled(text: str, port: int = 443) -> Callable[[str], Send]:
    """Octets within a tunnel that are no TLS."""
    return lambda name: (
        lambda sender, secret: sender.octets(
            text.replace("$", secret.core).replace("HOST", name).encode("latin-1"), name, port=port, tls=False
        )
    )


CHUNKED = "Transfer-Encoding: chunked"
BOTH: dict[str, Callable[[str], Send]] = {
    "chunked": framed(CHUNKED, body='29\r\n{"x":1,"password":"$"}\r\n0\r\n\r\n'),
    "chunked-in-pieces": framed(CHUNKED, body='e\r\n{"x":1,"passwo\r\n1e\r\nrd":"$"}   \r\n0\r\n\r\n'),
    "chunk-cut-short": framed(CHUNKED, body='14\r\n{"x":1,"password":"$"}\r\n0\r\n\r\n'),
    "chunk-extension": framed(CHUNKED, body="1;token=$\r\na\r\n0\r\n\r\n"),
    "trailer": framed(CHUNKED, body="1\r\na\r\n0\r\nAuthorization: Bearer $\r\nX-Api-Key: $\r\n\r\n"),
    "two-authorizations": framed("Authorization: Bearer a", "Authorization: Bearer $", "Content-Length: 0"),
    "host-with-user": framed("Content-Length: 0", host="user:$@HOST"),
    "two-hosts": framed("Host: user:$@HOST", "Content-Length: 0"),
    "absolute-with-user": framed("Content-Length: 0", target="https://user:$@api.partner.example/"),
    "folded": framed("Authorization:", " Bearer $", "Content-Length: 0"),
    "folded-cookie": framed("Cookie: a=1;", "  sid=$", "Content-Length: 0"),
    "space-before-colon": framed("Authorization : Bearer $", "Content-Length: 0"),
    "bad-field": framed("no colon here", "Authorization: Bearer $", "Content-Length: 0"),
    "bad-field-query": framed("no colon here", "Content-Length: 0", target="/x?token=$"),
    "bad-field-path": framed("no colon here", "Content-Length: 0", target="/bot12345678:AA$$/x"),
    "bad-length": framed("Content-Length: 1x", body='{"password": "$"}'),
    "both-lengths": framed("Content-Length: 5", CHUNKED, body="password=$"),
    "bare-line-feeds": raw('POST / HTTP/1.1\nHost: HOST\nAuthorization: Bearer $\n\n{"password": "$"}'),
    "no-version": raw("POST /?token=$\r\nHost: HOST\r\n\r\n"),
    "cut-head": raw("POST / HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer $"),
    "cut-body": framed("Content-Length: 900", body='{"password": "$"}'),
    "binary-then-header": raw("\x00\x01Authorization: Bearer $\r\n\r\n"),
    "json-line": raw('{"password": "$"}\n'),
    "word": raw("LOGIN user $\r\n"),
    "tunnelled-http": tunnelled(
        "POST / HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer $\r\nContent-Length: 0\r\n\r\n"
    ),
    "tunnelled-bytes": tunnelled("\x00\x01\x02Authorization: Bearer $\r\n\r\n"),
    "tunnelled-redis": tunnelled("AUTH $\r\nPING\r\n", 6379),
    "tunnelled-redis-user": tunnelled("AUTH user $\r\n", 6379),
    "tunnelled-pop": tunnelled("USER a\r\nPASS $\r\n", 9110),
    "tunnelled-imap": tunnelled('a1 LOGIN user "$"\r\n', 9143),
    "tunnelled-nats": tunnelled('CONNECT {"user":"a","pass":"$"}\r\n', 4222),
    "tunnelled-stomp": tunnelled("CONNECT\nlogin:a\npasscode:$\n\n\x00", 61613),
    "tunnelled-mqtt": tunnelled("\x10\x2f\x00\x04MQTT\x04\xc2\x00\x3c\x00\x01a\x00\x04user\x00\x14$", 1883),
    "tunnelled-json": tunnelled('{"method":"login","password":"$"}\n', 9999),
}


def proxied(text: str) -> Send:
    """To the proxy itself, as it is."""
    return lambda sender, secret: sender.to_proxy(
        text.replace("BASIC", basic("user", secret.core)).replace("$", secret.core).encode()
    )


def mailed(mechanism: str, *, tls: bool) -> Send:
    def send(sender: SecretSender, secret: Secret) -> None:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = "a@shop.test", "ann@example.test", "hello"
        mail.set_content("hello")
        sender.mail(mechanism, secret.core, tls=tls, mail=mail)

    return send


def spoken(*lines: str) -> Send:
    return lambda sender, secret: sender.dialogue(
        *(line.replace("CODED", _coded(secret.core)).replace("$", secret.core) for line in lines)
    )


def _coded(text: str) -> str:
    return basic("", text)[6:]


ONCE: dict[str, Send] = {
    "proxy-credentials": proxied(
        "POST http://api.partner.example/ HTTP/1.1\r\nHost: api.partner.example\r\n"
        "Proxy-Authorization: BASIC\r\nContent-Length: 0\r\n\r\n"
    ),
    "proxy-credentials-of-connect": proxied(
        "CONNECT api.partner.example:443 HTTP/1.1\r\nHost: x\r\nProxy-Authorization: BASIC\r\n\r\nhello"
    ),
    "proxy-bearer": proxied(
        "CONNECT api.partner.example:25 HTTP/1.1\r\nHost: x\r\nProxy-Authorization: Bearer $\r\n\r\n"
    ),
    "connect-with-user": proxied("CONNECT user:$@api.partner.example:443 HTTP/1.1\r\nHost: x\r\n\r\n"),
    "connect-with-body": proxied(
        "CONNECT api.partner.example:443 HTTP/1.1\r\nHost: x\r\nContent-Length: 29\r\n\r\npassword=$"
    ),
    "connect-without-port": proxied("CONNECT user:$ HTTP/1.1\r\nHost: x\r\n\r\n"),
    "absolute-with-user": proxied(
        "GET http://user:$@api.partner.example/ HTTP/1.1\r\nHost: api.partner.example\r\n\r\n"
    ),
    "absolute-with-token": proxied(
        "GET http://api.partner.example/?token=$ HTTP/1.1\r\nHost: api.partner.example\r\n\r\n"
    ),
    "steered-plain": lambda sender, secret: sender.plain(
        "http", head("api.partner.example", f"X-Api-Key: {secret.core}", "Content-Length: 0")
    ),
    "steered-not-tls": lambda sender, secret: sender.plain(
        "https", head("api.partner.example", f"Authorization: Bearer {secret.core}", "Content-Length: 0")
    ),
    "dns-shaped": lambda sender, secret: sender.look_up(f"sk_live_{secret.core}.partner.example"),
    "host-shaped": lambda sender, secret: sender.plain(
        "http", head(f"sk_live_{secret.core}.partner.example", "Content-Length: 0")
    ),
    **{
        f"smtp-{mechanism.lower()}-{'tls' if tls else 'clear'}": mailed(mechanism, tls=tls)
        for mechanism in ("PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2")
        for tls in (False, True)
    },
    "smtp-unknown-mechanism": spoken("AUTH NTLM CODED", "CODED"),
    "smtp-login-refused": spoken("AUTH LOGIN dXNlcg==", "*", "CODED"),
    "smtp-not-base64": spoken("AUTH PLAIN $"),
    "smtp-auth-twice": spoken("AUTH PLAIN AHUAcA==", "AUTH LOGIN", "dXNlcg==", "CODED"),
    "smtp-auth-with-tab": spoken("AUTH\tPLAIN CODED"),
    "smtp-auth-with-equals": spoken("AUTH=PLAIN CODED"),
    "smtp-http": spoken("NOOP Authorization: Bearer $", "VRFY password=$"),
}
ROWS: dict[str, Send] = {
    **{f"{name}-{engine}": make(host) for name, make in BOTH.items() for engine, host in ENGINES.items()},
    **ONCE,
}
