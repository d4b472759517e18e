"""Overrides: what of a request many servers read another method, path or host from than its first line and Host say.

A rule that lets requests out by any of those would be got round by them: whatever has one does not leave.
"""

import re

from policies.authority import read_authority
from policies.form import FormError, read_pairs
from policies.http_request import HttpRequest

_OF_THE_METHOD = frozenset({"x-http-method-override", "x-http-method", "x-method-override"})
_OF_THE_PATH = frozenset(
    {
        "x-original-url", "x-original-uri", "x-rewrite-url", "x-override-url", "x-forwarded-uri", "x-forwarded-path",
        "x-envoy-original-path", "destination",
    }
)  # fmt: skip
"""The last is where WebDAV's COPY and MOVE write to (RFC 4918, 10.3), which may be another server."""
_OF_THE_HOST = frozenset({"x-forwarded-host", "x-host", "x-original-host", "x-http-host-override", "forwarded"})
_ALL = _OF_THE_METHOD | _OF_THE_PATH | _OF_THE_HOST
_OF_THE_REQUEST = frozenset(
    {
        "host", "content-length", "content-type", "content-encoding", "transfer-encoding", "connection", "upgrade",
        "te", "trailer", "expect", "authorization", *_ALL,
    }
)  # fmt: skip
"""What CGI and its heirs take for these, where an underscore stands for a hyphen, other servers do not even read."""
_FORWARDED_HOST = re.compile(r"(?i)(?:^|[;,\s])host\s*=\s*\"?([^\s\",;]*)")
"""RFC 7239, 5.3."""
_OUTRIGHT = frozenset({"_method", "_httpmethod", "httpmethod", "$httpmethod", *_OF_THE_METHOD})
"""Rails', Laravel's and Symfony's, Salesforce's, Google's; and fields of the head that some take here too."""
_PERHAPS = "method"
"""Meta's, and many another parameter that says nothing of HTTP."""
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_AS_ONE_SIGN = str.maketrans(" .", "__")
"""What PHP takes for an underscore in a parameter's name."""


def overridden(request: HttpRequest) -> bool:
    """Whether a field asks for another method or host, or for a path of its own, even the same one.

    A method in small letters is another one than a rule names, and to many servers the same.
    """
    if not request.method.isupper():
        return True
    if any("_" in name and name.replace("_", "-") in _OF_THE_REQUEST for name, _ in request.headers):
        return True
    asking = [field for field in request.headers if field[0] in _ALL]
    return any(_asks_otherwise(name, value, request) for name, value in asking) if asking else False


def overridden_by(parameters: str, method: str) -> bool:
    """Whether a query, or a form's text, has a parameter that asks for another method than the request's."""
    if "%" not in parameters and "method" not in parameters.lower():
        return False
    try:
        return any(asks_for_another(name, value, method) for name, value in read_alike(parameters))
    except FormError:
        return True


def read_alike(parameters: str) -> list[tuple[str, str]]:
    """Every pair that some server reads in a query or form: to some a semicolon parts them too. Raises FormError."""
    pairs = read_pairs(parameters)
    return pairs + read_pairs(parameters.replace(";", "&")) if ";" in parameters else pairs


def asks_for_another(name: str, value: str, method: str) -> bool:
    """Whether a parameter of a query or a form asks for another method than the request's."""
    asked = value.strip().upper()
    if asked == method or not asked.isalpha():
        return False
    return asks_outright(name) or (asked in METHODS and _read(name) == _PERHAPS)


def asks_outright(name: str) -> bool:
    """Whether a parameter of this name is there for nothing else."""
    return _read(name) in _OUTRIGHT


def _read(name: str) -> str:
    """A parameter's name as lenient servers have it: PHP cuts it, and takes other signs for an underscore."""
    name = name.partition("\0")[0].lstrip().lower()
    return (name[:1].replace("[", "_") + name[1:].partition("[")[0]).translate(_AS_ONE_SIGN)


def _asks_otherwise(name: str, value: str, request: HttpRequest) -> bool:
    if name in _OF_THE_METHOD:
        return value.upper() != request.method
    if name in _OF_THE_PATH:
        return True
    named = {read_authority(source, text).host for source, text in request.names}
    hosts = _FORWARDED_HOST.findall(value) if name == "forwarded" else value.split(",")
    return any(read_authority("host", host.strip()).host not in named - {None} for host in hosts)
