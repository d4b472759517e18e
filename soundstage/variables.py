"""Variables: each environment variable that routes a program, which runtimes read it, and why it is set.

A table and nothing else: `routing` makes the values, `shells` writes them down. What each runtime ignores is told in
docs/runtimes.md.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from soundstage.java_options import java_options
from soundstage.trust_files import JAVA_STORE, PHP_FOLDER, WGETRC

NO_PROXY = "localhost,127.0.0.1,::1"
"""Loopback alone: the application's own parts. Anything broader would be a way round."""


@dataclass(frozen=True, slots=True)
class Ways:
    """What the values are made of."""

    proxy: str
    """The proxy's URL, with the credentials of a run where it is one's."""
    place: tuple[str, int]
    """The proxy's host and port."""
    ca: Path
    bundle: Path
    """The system's roots and the CA; what else is generated lies beside it."""
    smtp: tuple[str, int]

    def beside(self, name: str) -> str:
        """The path of another generated file."""
        return str(self.bundle.parent / name)


@dataclass(frozen=True, slots=True)
class Variable:
    """One row."""

    name: str
    value: Callable[[Ways], str]
    readers: frozenset[str]
    """Runtimes by the names that `--runtime` takes; none: applications by habit, whatever they are written in."""
    why: str


def _proxy(ways: Ways) -> str:
    return ways.proxy


def _bundle(ways: Ways) -> str:
    return str(ways.bundle)


def _ca(ways: Ways) -> str:
    return str(ways.ca)


def _no_proxy(_: Ways) -> str:
    return NO_PROXY


def _java(ways: Ways) -> str:
    return java_options(ways.place, NO_PROXY.split(","), ways.beside(JAVA_STORE))


def _smtp_host(ways: Ways) -> str:
    return ways.smtp[0]


def _smtp_port(ways: Ways) -> str:
    return str(ways.smtp[1])


PROXIED = "aws bun cargo curl deno dotnet gcloud git go grpc node npm perl php pip python r ruby wget yarn"
LOOPBACK = "the application's own parts are reached directly, and nothing else"
HABIT = "a name that applications and their libraries' documentation use for the mail server"


def _row(name: str, value: Callable[[Ways], str], readers: str, why: str) -> Variable:
    return Variable(name, value, frozenset(readers.split()), why)


VARIABLES: tuple[Variable, ...] = (
    _row("HTTP_PROXY", _proxy, PROXIED, "http:// goes by Soundstage"),
    _row("HTTPS_PROXY", _proxy, PROXIED, "https:// goes by Soundstage"),
    _row("NO_PROXY", _no_proxy, PROXIED, LOOPBACK),
    _row("http_proxy", _proxy, PROXIED, "curl, wget and git read no other spelling of it"),
    _row("https_proxy", _proxy, PROXIED, "wget and gRPC read no other spelling of it"),
    _row("no_proxy", _no_proxy, PROXIED, LOOPBACK),
    _row("GRPC_PROXY", _proxy, "grpc", "gRPC's own, as some of its libraries spell it"),
    _row("grpc_proxy", _proxy, "grpc", "gRPC reads it before https_proxy"),
    _row("NODE_USE_ENV_PROXY", lambda _: "1", "node", "Node's own fetch and https obey proxies from 24.5 (22.21) on"),
    _row("npm_config_proxy", _proxy, "npm", "wins over a proxy in .npmrc"),
    _row("npm_config_https_proxy", _proxy, "npm", "wins over a proxy in .npmrc"),
    _row("YARN_HTTP_PROXY", _proxy, "yarn", "Yarn from 2 on reads its own alone"),
    _row("YARN_HTTPS_PROXY", _proxy, "yarn", "Yarn from 2 on reads its own alone"),
    _row("JAVA_TOOL_OPTIONS", _java, "java", "Java reads no proxy variables, and brings its own certificates"),
    _row(
        "SSL_CERT_FILE",
        _bundle,
        "cargo curl deno dotnet git go perl php python r ruby",
        "what OpenSSL, Go and .NET trust instead of the system's file",
    ),
    _row("NIX_SSL_CERT_FILE", _bundle, "curl git python ruby", "Nix's builds read it before SSL_CERT_FILE"),
    _row("REQUESTS_CA_BUNDLE", _bundle, "pip python", "requests trusts certifi's file otherwise"),
    _row("CURL_CA_BUNDLE", _bundle, "curl r", "the curl program, and R's curl"),
    _row("HTTPLIB2_CA_CERTS", _bundle, "gcloud python", "httplib2, below Google's older clients"),
    _row("AWS_CA_BUNDLE", _bundle, "aws python", "boto3, the AWS command line and SDKs bring their own certificates"),
    _row(
        "AWS_EC2_METADATA_DISABLED", lambda _: "true", "aws", "no real credentials are asked of the machine's metadata"
    ),
    _row("CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE", _bundle, "gcloud", "gcloud brings its own certificates"),
    _row("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", _bundle, "grpc", "gRPC brings its own certificates"),
    _row("GIT_SSL_CAINFO", _bundle, "git", "wins over http.sslCAInfo, and git's TLS may not be OpenSSL"),
    _row("PIP_CERT", _bundle, "pip", "wins over pip's settings"),
    _row("CARGO_HTTP_CAINFO", _bundle, "cargo", "wins over cargo's settings"),
    _row("NODE_EXTRA_CA_CERTS", _ca, "bun node npm yarn", "Node adds these to its own certificates"),
    _row("npm_config_cafile", _bundle, "npm", "wins over a cafile in .npmrc"),
    _row("TWILIO_CA_BUNDLE", _bundle, "node", "Twilio's SDK for Node reads this alone"),
    _row("DENO_CERT", _ca, "deno", "Deno adds these to its own certificates"),
    _row("PERL_LWP_SSL_CA_FILE", _bundle, "perl", "LWP may trust Mozilla::CA's file otherwise"),
    _row("HEX_CACERTS_PATH", _bundle, "elixir", "Elixir's package client"),
    _row("PHP_INI_SCAN_DIR", lambda ways: f":{ways.beside(PHP_FOLDER)}", "php", "curl in PHP reads an ini file alone"),
    _row("SYSTEM_WGETRC", lambda ways: ways.beside(WGETRC), "wget", "wget built with GnuTLS reads no variable"),
    _row("SMTP_HOST", _smtp_host, "", HABIT),
    _row("SMTP_PORT", _smtp_port, "", HABIT),
    _row("MAIL_HOST", _smtp_host, "", HABIT),
    _row("MAIL_PORT", _smtp_port, "", HABIT),
    _row("EMAIL_HOST", _smtp_host, "", HABIT),
    _row("EMAIL_PORT", _smtp_port, "", HABIT),
)  # fmt: skip
"""In the order they are printed."""

RUNTIMES = tuple(sorted({reader for variable in VARIABLES for reader in variable.readers}))
"""What `--runtime` takes."""
EXPLAINED = {variable.name: variable.why for variable in VARIABLES}


def read_by(runtimes: frozenset[str]) -> Callable[[str], bool]:
    """Whether a variable, by its name, is for one of these runtimes. Those that name no runtime are for all."""
    known = {variable.name: variable.readers for variable in VARIABLES}

    def reads(name: str) -> bool:
        readers = known.get(name, frozenset[str]())
        return not readers or bool(readers & runtimes)

    return reads
