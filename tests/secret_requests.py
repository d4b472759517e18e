"""Secret requests: what makes a request from a secret. The rows are in `secret_rows`; sending is others' business."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote_plus

FORM, JSON, XML, TEXT = "application/x-www-form-urlencoded", "application/json", "application/xml", "text/plain"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, with its secret in it."""

    target: str = "/v1/things"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    kind: str = JSON
    host: str | None = None
    """None: any host; of a provider's own, that one."""
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Secret:
    """What a row sends and what is looked for: a random word, or a card number."""

    core: str
    card: str


Make = Callable[[Secret], Asked]


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def header(name: str, value: str) -> Make:
    """`$` in the value is the secret."""
    return lambda secret: Asked(headers=((name, value.replace("$", secret.core)),))


def query(text: str, host: str | None = None, path: str = "/v1/things") -> Make:
    return lambda secret: Asked(target=f"{path}?{text.replace('$', secret.core)}", method="GET", host=host)


def body(kind: str, text: str, host: str | None = None, path: str = "/v1/things") -> Make:
    """`$` is the secret, `#` a card number."""

    def made(secret: Secret) -> Asked:
        octets = text.replace("$", secret.core).replace("#", secret.card).encode()
        return Asked(body=octets, kind=kind, host=host, target=path)

    return made


def coded(coding: str, encode: Callable[[bytes], bytes], text: str = '{"password": "$"}') -> Make:
    def made(secret: Secret) -> Asked:
        octets = encode(text.replace("$", secret.core).replace("#", secret.card).encode())
        return Asked(body=octets, headers=(("content-encoding", coding),) if coding else ())

    return made


def recoded(charset: str, text: str = '{"password": "$"}') -> Make:
    return lambda secret: Asked(body=text.replace("$", secret.core).encode(charset), kind=f"{JSON}; charset={charset}")


def parts(*parts: str, kind: str = "multipart/form-data; boundary=XX") -> Make:
    """Each part's head and content, with an empty line between."""
    text = "".join(f"--XX\r\n{part}\r\n" for part in parts) + "--XX--\r\n"
    return body(kind, text)


def form(values: dict[str, str], times: int = 1) -> Make:
    """A form whose values are encoded as a client encodes them, or once more."""

    def made(secret: Secret) -> Asked:
        pairs = []
        for name, value in values.items():
            text = value.replace("$", secret.core).replace("#", secret.card)
            for _ in range(times):
                text = quote_plus(text)
            pairs.append(f"{quote_plus(name)}={text}")
        return Asked(body="&".join(pairs).encode(), kind=FORM)

    return made


def signed_link(secret: Secret) -> str:
    return (
        "https://b.s3.eu-central-1.amazonaws.com/k?X-Amz-Algorithm=AWS4-HMAC-SHA256"
        f"&X-Amz-Credential=AK%2F1&X-Amz-Signature={secret.core}"
    )
