"""Overrides: what of a request many servers read another method, path or host from than its first line and Host say.

A rule that lets requests out by any of those would be got round by them: whatever has one does not leave.
"""

import re

from policies.authority import read_authority
from policies.form import FormError, read_pairs
from policies.http_request import HttpRequest

_OF_THE_METHOD = frozenset({"x-http-method-override", "x-http-method", "x-method-override"})
_OF_THE_PATH = frozenset({"x-original-url", "x-rewrite-url", "destination"})
"""The last is where WebDAV's COPY and MOVE write to (RFC 4918, 10.3), which may be another server."""
_OF_THE_HOST = frozenset({"x-forwarded-host", "x-host", "x-original-host", "x-http-host-override", "forwarded"})
_ALL = _OF_THE_METHOD | _OF_THE_PATH | _OF_THE_HOST
_FORWARDED_HOST = re.compile(r"(?i)(?:^|[;,\s])host\s*=\s*\"?([^\s\",;]*)")
"""RFC 7239, 5.3."""
_PARAMETERS = frozenset({"_method", "method", "_httpmethod", "httpmethod", "$httpmethod", *_OF_THE_METHOD})
"""Rails', Laravel's and Symfony's, Meta's, Salesforce's, Google's; and fields of the head that some take here too."""
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def overridden(request: HttpRequest) -> bool:
    """Whether a field asks for another method or host, or for a path of its own, even the same one.

    A method in small letters is another one than a rule names, and to many servers the same.
    """
    if not request.method.isupper():
        return True
    asking = [field for field in request.headers if field[0] in _ALL]
    return any(_asks_otherwise(name, value, request) for name, value in asking) if asking else False


def overridden_by(parameters: str, method: str) -> bool:
    """Whether a query, or a form's text, has a parameter that asks for another method than the request's."""
    if "%" not in parameters and "method" not in parameters.lower():
        return False
    try:
        pairs = read_pairs(parameters)
    except FormError:
        return True
    return any(asks_for_another(name, value, method) for name, value in pairs)


def asks_for_another(name: str, value: str, method: str) -> bool:
    """Whether a parameter of a query or a form asks for another method than the request's."""
    return name.lower() in _PARAMETERS and value.upper() in _METHODS and value.upper() != method


def _asks_otherwise(name: str, value: str, request: HttpRequest) -> bool:
    if name in _OF_THE_METHOD:
        return value.upper() != request.method
    if name in _OF_THE_PATH:
        return True
    named = {read_authority(source, text).host for source, text in request.names}
    hosts = _FORWARDED_HOST.findall(value) if name == "forwarded" else value.split(",")
    return any(read_authority("host", host.strip()).host not in named - {None} for host in hosts)
