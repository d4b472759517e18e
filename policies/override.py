"""Overrides: header fields by which many servers read another method or path into a request than its first line says.

A rule that lets requests out by method or path would be got round by them.
"""

from policies.http_request import HttpRequest

_OF_THE_METHOD = frozenset({"x-http-method-override", "x-http-method", "x-method-override"})
_OF_THE_PATH = frozenset({"x-original-url", "x-rewrite-url"})
_ALL = _OF_THE_METHOD | _OF_THE_PATH


def overridden(request: HttpRequest) -> bool:
    """Whether a field asks for another method, or for a path of its own, even the same one.

    A method in small letters is another one than a rule names, and to many servers the same.
    """
    if not request.method.isupper():
        return True
    asking = [field for field in request.headers if field[0] in _ALL]
    return any(name in _OF_THE_PATH or value.upper() != request.method for name, value in asking) if asking else False
