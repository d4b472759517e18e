"""SecretSender: sends rows through a running Soundstage: by the door, by the mitmproxy engine, over HTTP/2, by mail."""

import base64
import contextlib
import hashlib
import hmac
import smtplib
import socket
import ssl
from email.message import EmailMessage

import httpx
from running import Running
from secret_requests import Asked

NOBODYS, PERHAPS = "api.partner.example", "perhaps.partner.example"
"""The first can never leave: the door serves it. The second might, by another path: mitmproxy does."""
PATIENCE, SILENCE = 60.0, 3.0
"""Seconds for an answer over TLS: to a whole request, and to what may never get one."""
POLICY = """\
version: 1
opt_in:
  - {id: perhaps, to: perhaps.partner.example, paths: [/never/**], why: a test, owner: tests, expires: "EXPIRES"}
"""


class SecretSender:
    """One client of one running Soundstage. What it is answered is nobody's business here."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._context = ssl.create_default_context(cafile=str(running.ca))

    def ask(self, asked: Asked, host: str = NOBODYS) -> None:
        """Over TLS, HTTP/1.1, through the proxy."""
        host = asked.host or host
        lines = [f"{asked.method} {asked.target} HTTP/1.1", f"Host: {host}", f"Content-Type: {asked.kind}"]
        lines += [f"{name}: {value}" for name, value in asked.headers]
        lines += [f"Content-Length: {len(asked.body)}", "Connection: close"]
        self.octets("\r\n".join(lines).encode() + b"\r\n\r\n" + asked.body, host, seconds=PATIENCE)

    def ask_by_http2(self, asked: Asked) -> None:
        """The same as HTTP/2, where it is HTTP/2's to say."""
        proxy = f"http://{self._running.addresses['proxy']}"
        with httpx.Client(http2=True, proxy=proxy, verify=self._context, trust_env=False, timeout=60) as client:
            headers = [("content-type", asked.kind), *asked.headers]
            url = httpx.URL(f"https://{asked.host or PERHAPS}").copy_with(raw_path=asked.target.encode())
            client.request(asked.method, url, headers=headers, content=asked.body)

    def octets(
        self, octets: bytes, host: str = NOBODYS, *, port: int = 443, tls: bool = True, seconds: float = SILENCE
    ) -> None:
        """Exactly these, within a tunnel, until the other side has had enough."""
        with socket.create_connection(self._running.place("proxy"), timeout=60) as plain:
            plain.sendall(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
            plain.recv(65536)
            if tls:
                with self._context.wrap_socket(plain, server_hostname=host) as secured:
                    _said(secured, octets, seconds)
            else:
                _said(plain, octets)

    def to_proxy(self, octets: bytes) -> None:
        """Exactly these, to the proxy itself."""
        self.plain("proxy", octets)

    def plain(self, entrance: str, octets: bytes) -> None:
        with socket.create_connection(self._running.place(entrance), timeout=60) as plain:
            _said(plain, octets)

    def look_up(self, name: str) -> None:
        """Ask the DNS entrance for a name."""
        labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
        question = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + labels + b"\x00\x00\x01\x00\x01"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.settimeout(60)
            asking.sendto(question, self._running.place("dns"))
            asking.recv(4096)

    def mail(self, mechanism: str, password: str, *, tls: bool, mail: EmailMessage) -> None:
        """One mail by one way to sign in, in the clear or over STARTTLS."""
        host, port = self._running.place("smtp")
        with smtplib.SMTP(host, port, timeout=60) as session:
            session.ehlo("shop.test")
            if tls:
                context = ssl.create_default_context(cafile=str(self._running.ca))
                context.check_hostname = False
                session.starttls(context=context)
                session.ehlo("shop.test")
            sign_in(session, mechanism, password)
            session.send_message(mail)

    def dialogue(self, *lines: str) -> None:
        """A session of these lines, each sent when the one before was answered; then a mail."""
        host, port = self._running.place("smtp")
        with smtplib.SMTP(host, port, timeout=60) as session:
            session.ehlo("shop.test")
            for line in lines:
                session.docmd(line)
            session.sendmail("a@shop.test", ["ann@example.test"], "Subject: hello\r\n\r\nhello\r\n")


def sign_in(session: smtplib.SMTP, mechanism: str, password: str) -> None:
    user = "user"
    if mechanism == "PLAIN":
        session.docmd("AUTH", "PLAIN " + _coded(f"\0{user}\0{password}"))
    elif mechanism == "LOGIN":
        session.docmd("AUTH", "LOGIN")
        session.docmd(_coded(user))
        session.docmd(_coded(password))
    elif mechanism == "XOAUTH2":
        session.docmd("AUTH", "XOAUTH2 " + _coded(f"user={user}\1auth=Bearer {password}\1\1"))
    else:
        challenge = base64.b64decode(session.docmd("AUTH", "CRAM-MD5")[1])
        digest = hmac.new(password.encode(), challenge, hashlib.md5).hexdigest()
        session.docmd(_coded(f"{user} {digest}"))


def _coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _said(sock: socket.socket, octets: bytes, seconds: float = PATIENCE) -> None:
    with contextlib.suppress(OSError):
        sock.sendall(octets)
        if isinstance(sock, ssl.SSLSocket):
            # Half of TLS cannot be closed: what waits for more octets is left to find the connection gone.
            sock.settimeout(seconds)
        else:
            sock.shutdown(socket.SHUT_WR)
        while sock.recv(65536):
            pass
