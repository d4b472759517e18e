"""The battery's cases of connections: what programs say to whom, and what a capture of it has to say."""

from battery_attempt import Case
from leak_house import OPEN, SHUT
from leak_octets import NOT_HTTP, encrypted_hello, hello, hello_with

HOST_SERVICE = 9100
"""A server of the gateway's host, bound to every address, as people forget them."""
QUESTION = b"\x12\x34\x01\0\0\1\0\0\0\0\0\0\x06secret\x07example\x03com\0\0\1\0\1"
BY_ADDRESS = ("transparent", "wireguard", "run")
BY_NAME = ("explicit", "socks")
METADATA = {
    "metadata": "169.254.169.254",
    "metadata-ipv6": "fd00:ec2::254",
    "metadata-of-azure": "168.63.129.16",
    "metadata-of-oracle": "192.0.0.192",
}
OWN_PLACES = {
    "at-its-staging-address": "10.77.0.1",
    "at-its-staging-ipv6-address": "fd77:1::1",
    "at-its-outer-address": "198.51.100.2",
    "at-its-loopback": "127.0.0.1",
    "at-its-ipv6-loopback": "::1",
    "as-localhost": "localhost",
    "as-unspecified": "0.0.0.0",
    "as-mapped-loopback": "::ffff:127.0.0.1",
}


def get(host: str, path: str = "/", *fields: str, method: str = "GET") -> bytes:
    """A request in origin form."""
    return "\r\n".join((f"{method} {path} HTTP/1.1", f"Host: {host}", "Connection: close", *fields, "", "")).encode()


def mail(to: str) -> tuple[bytes, ...]:
    """What an application says to a mail server, after its greeting."""
    envelope = (b"EHLO shop.test\r\n", b"MAIL FROM:<a@shop.test>\r\n", f"RCPT TO:<{to}>\r\n".encode(), b"DATA\r\n")
    return (b"", *envelope, b"Subject: out\r\n\r\nout\r\n.\r\n", b"QUIT\r\n")


SENT = {"channel": "email", "verdict": "capture"}
FOREIGN = [
    Case("ssh", "203.0.113.22", 22, (b"SSH-2.0-client\r\n",), wanted={"protocol": "ssh"}),
    Case("ssh-ipv6", "2001:db8:22::1", 22, (b"SSH-2.0-client\r\n",), wanted={"protocol": "ssh"}),
    Case("ssh-by-name", "git.customer.example", 22, (b"SSH-2.0-client\r\n",), resolved=True,
         wanted={"protocol": "ssh", "host": "git.customer.example"}),
    Case("postgresql", "203.0.113.54", 5432, (b"\0\0\0\x08\x04\xd2\x16\x2f",), wanted={"protocol": "postgresql"}),
    Case("postgresql-by-name", "db.customer.example", 5432, (b"\0\0\0\x08\x04\xd2\x16\x2f",), resolved=True,
         wanted={"protocol": "postgresql", "host": "db.customer.example"}),
    Case("mysql-that-waits", "203.0.113.33", 3306, (b"",), wanted={"protocol": "mysql"}),
    Case("redis", "203.0.113.63", 6379, (b"*1\r\n$4\r\nPING\r\n",), wanted={"protocol": "redis"}),
    Case("imap", "203.0.113.14", 143, (b"a1 CAPABILITY\r\n",), wanted={"protocol": "imap"}),
    Case("imap-under-tls", "imap.customer.example", 993, (b"a1 CAPABILITY\r\n",), tls="imap.customer.example",
         wanted={"port": 993}),
    Case("mqtt-under-tls", "mqtt.customer.example", 8883, (b"\x10\x0c\0\x04MQTT\4\2\0\x3c\0\0",),
         tls="mqtt.customer.example", wanted={"port": 8883}),
    Case("no-protocol", "203.0.113.99", 9999, (b"\x01\x02 something\r\n\r\n",), wanted={"port": 9999}),
    Case("no-protocol-ipv6", "2606:4700::1111", 9999, (b"\x01\x02 something\r\n\r\n",), wanted={"port": 9999}),
    Case("mail", "203.0.113.25", 25, mail("b@customer.example"), wanted=SENT),
    Case("mail-ipv6", "2001:db8:25::1", 25, mail("b@customer.example"), wanted=SENT),
    Case("mail-by-name", "mx.customer.example", 25, mail("b@customer.example"), resolved=True, wanted=SENT),
    Case("mail-submitted", "203.0.113.25", 587, mail("b@customer.example"), wanted=SENT),
    Case("mail-under-tls", "smtp.customer.example", 465, mail("b@customer.example"), tls="smtp.customer.example",
         wanted=SENT),
    Case("mail-under-tls-by-name", "smtp.customer.example", 465, mail("b@customer.example"), resolved=True,
         tls="smtp.customer.example", wanted=SENT),
    Case("dns-over-tcp", "8.8.8.8", 53, (b"\0\x24" + QUESTION,), wanted={"host": "secret.example.com"},
         roads=("explicit", "socks", *BY_ADDRESS)),
    Case("dns-over-tls", "1.1.1.1", 853, (b"\0\x24" + QUESTION,), tls="one.one.one.one", wanted={"port": 853}),
    Case("dns-over-https", "dns.google", 443, (get("dns.google", "/dns-query", "Content-Length: 0", method="POST"),),
         tls="dns.google", wanted={"host": "dns.google", "path": "/dns-query"}),
    Case("dns-over-https-http2", "dns.google", 443, tls="dns.google", alpn=("h2",),
         requests=(("GET", "https", "dns.google", "/dns-query?dns=AAAB"),), wanted={"host": "dns.google"}),
]  # fmt: skip
HTTP = [
    Case("http", SHUT, 80, (get(SHUT),), wanted={"host": SHUT, "verdict": "deny"}),
    Case("https", SHUT, 443, (get(SHUT),), tls=SHUT, wanted={"host": SHUT, "verdict": "deny"}),
    Case("https-that-writes", SHUT, 443, (get(SHUT, "/", "Content-Length: 0", method="POST"),), tls=SHUT,
         wanted={"host": SHUT, "channel": "webhook"}),
    Case("https-by-name", SHUT, 443, (get(SHUT),), tls=SHUT, resolved=True, wanted={"host": SHUT}),
    Case("https-odd-port", SHUT, 8443, (get(f"{SHUT}:8443"),), tls=SHUT, wanted={"host": SHUT, "port": 8443}),
    Case("http2", SHUT, 443, tls=SHUT, alpn=("h2",), requests=(("GET", "https", SHUT, "/"),), wanted={"host": SHUT}),
    Case("http2-of-an-opted-in-host-elsewhere", OPEN, 443, tls=OPEN, alpn=("h2",),
         requests=(("GET", "https", OPEN, "/elsewhere"),), wanted={"host": OPEN, "verdict": "deny"}),
    Case("http2-coalesced", OPEN, 443, tls=OPEN, alpn=("h2",),
         requests=(("GET", "https", SHUT, "/"), ("GET", "https", "169.254.169.254", "/allowed/x"),
                   ("CONNECT", "https", f"{SHUT}:443", "/"), ("GET", "http", OPEN, "/allowed/x"))),
    Case("http2-without-tls", SHUT, 80, requests=(("GET", "http", SHUT, "/"),)),
    Case("a-client-that-pins", OPEN, 443, tls=OPEN, pins=True, wanted={"host": OPEN}),
    Case("a-live-key-to-stripe", "api.stripe.com", 443,
         (get("api.stripe.com", "/v1/charges", "Authorization: Bearer sk_" + "live_" + "a" * 24),),
         tls="api.stripe.com", wanted={"provider": "stripe"}),
    # By `run` another gateway's dashboard is there than its own, and opted in.
    Case("an-opted-in-name-that-means-metadata", "to-metadata.story.test", 80, (get("to-metadata.story.test"),)),
    Case("an-opted-in-name-that-means-soundstage", "to-loopback.story.test", 8025,
         (get("to-loopback.story.test:8025", "/api/captures"),),
         roads=("explicit", "socks", "transparent", "wireguard")),
    Case("an-opted-in-name-that-means-staging", "to-staging.story.test", 80, (get("to-staging.story.test"),)),
    *(Case(name, address, 80, (get(address if ":" not in address else f"[{address}]", "/latest/meta-data/"),),
           wanted={"host": address, "verdict": "deny"}) for name, address in METADATA.items()),
    *(Case(f"{name}-by-a-tunnel", address, 443, (b"\x16\x03\x01",), wanted={"host": address})
      for name, address in METADATA.items()),
]  # fmt: skip
OPENINGS = [
    Case("a-connection-and-no-word", "203.0.113.99", 4444),
    Case("a-tunnel-on-which-nothing-is-said", OPEN, 443),
    *(Case(f"not-tls-{name}", OPEN, 443, (octets,), in_vain=True) for name, octets in NOT_HTTP.items()),
    *(
        Case(f"hello-{name}", OPEN, 443, (octets,))
        for name, octets in {
            "cut-into-many-records": hello(OPEN, cut=40),
            "cut-within-its-head": hello(OPEN, cut=2),
            "very-long": hello(OPEN, protocols=100),
            "longer-than-is-read": hello(OPEN, protocols=290),
            "encrypted-inside": hello_with(OPEN, encrypted_hello()),
            "with-two-names": hello_with(OPEN, twice=True),
            "with-a-nul-in-its-name": hello_with(f"{OPEN}\0.other.test"),
            "without-a-name": hello_with(""),
        }.items()
    ),
    Case("socks-that-wants-to-be-called", "203.0.113.99", 4444, roads=("socks",), command=2),
    Case("socks-that-wants-udp", "203.0.113.99", 53, roads=("socks",), command=3),
]
AT_HOME = [
    *(
        Case(f"{what}-{name}", address, port, (get("soundstage", "/api/captures"),),
             roads=() if name.endswith("-address") else BY_NAME)
        for name, address in OWN_PLACES.items()
        for what, port in (("the-dashboard", 8025), ("a-forgotten-server", HOST_SERVICE))
    ),
    Case("the-proxy-by-itself", "127.0.0.1", 8080, (get("soundstage"),), roads=BY_NAME),
    Case("soundstages-mail-by-itself", "127.0.0.1", 1025, (b"EHLO x\r\n",), roads=BY_NAME),
]  # fmt: skip
CONNECTIONS = (*FOREIGN, *HTTP, *OPENINGS, *AT_HOME)
LABELS = b"".join(b"\x3c" + b"%060x" % number for number in (7, 8, 9))
A_LONG_NAME = QUESTION[:12] + LABELS + b"\3com\0\0\x10\0\1"


def udp(name: str, v4: str, v6: str, port: int, data: bytes = b"hello", question: str | None = None) -> list[Case]:
    """The same by both IP versions. A `question` is known by the name in it, whoever was asked."""
    asked = {"channel": "dns", "host": question}
    return [
        Case(f"{name}{suffix}", host, port, (data,), kind="datagram", roads=BY_ADDRESS, in_vain=not question,
             wanted=asked if question else {"protocol": "udp", "host": host, "port": port})
        for suffix, host in (("", v4), ("-ipv6", v6))
    ]  # fmt: skip


RESOLVERS = ("8.8.4.4", "2001:4860:4860::8844")
DATAGRAMS = (
    *udp("quic", "8.8.8.8", "2606:4700::1111", 443, b"\xc3\0\0\0\1" + bytes(1200)),
    *udp("ntp", "203.0.113.123", "2001:db8:123::1", 123, b"\x23" + bytes(47)),
    *udp("odd-udp", "203.0.113.99", "2001:db8:99::1", 9999),
    *udp("udp-to-the-gateway", "10.77.0.1", "fd77:1::1", 9999),
    *udp("udp-to-its-outer-address", "198.51.100.2", "2001:db8:1::2", 9999),
    *udp("a-foreign-resolver", *RESOLVERS, 53, QUESTION.replace(b"secret", b"hidden"), "hidden.example.com"),
    *udp("a-tunnel-of-names", *RESOLVERS, 53, A_LONG_NAME, f"{7:060x}.{8:060x}.{9:060x}.com"),
)
