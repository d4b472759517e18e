"""Which variables route a program: proxies, certificate stores, mail. Each is here because some runtime reads it."""

from pathlib import Path

from soundstage.addresses import Addresses

NO_PROXY = "localhost,127.0.0.1,::1"
"""Loopback alone: the application's own parts. Anything broader would be a way round."""


def routing(bound: Addresses, bundle: Path) -> dict[str, str]:
    """The variables by name. `bundle` holds the system's roots and the CA, for variables that replace the store."""
    return _proxies(bound.proxy) | _certificates(Path(bound.ca), bundle) | _mail(bound.smtp)


def _proxies(proxy: str) -> dict[str, str]:
    url = f"http://{proxy}"
    upper = {"HTTP_PROXY": url, "HTTPS_PROXY": url, "NO_PROXY": NO_PROXY}
    # curl reads only the lower-case http_proxy; Java, Ruby and Go differ in which they prefer.
    lower = {name.lower(): value for name, value in upper.items()}
    return upper | lower | {"GRPC_PROXY": url, "NODE_USE_ENV_PROXY": "1"}


def _certificates(ca: Path, bundle: Path) -> dict[str, str]:
    replaced = dict.fromkeys(
        (
            "SSL_CERT_FILE",  # OpenSSL, Go, Python's ssl, Ruby, PHP
            "REQUESTS_CA_BUNDLE",
            "CURL_CA_BUNDLE",
            "AWS_CA_BUNDLE",
            "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
            "GIT_SSL_CAINFO",
            "PIP_CERT",
        ),
        str(bundle),
    )
    return replaced | {"NODE_EXTRA_CA_CERTS": str(ca)}  # Node adds to its own store


def _mail(smtp: str) -> dict[str, str]:
    """Names that mail libraries' documentation has applications use; no standard says them."""
    host, _, port = smtp.rpartition(":")
    host = host.strip("[]")
    names = {"SMTP_HOST": host, "SMTP_PORT": port, "MAIL_HOST": host, "MAIL_PORT": port}
    return names | {"EMAIL_HOST": host, "EMAIL_PORT": port}
