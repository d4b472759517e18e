"""Hint: what a text must hold before a costlier look at it can find anything.

RE2 gives up the interpreter's lock for each search: while another thread waits for it, a search of 140 octets costs
twenty microseconds where the search itself takes two. The engine behind pydantic's text patterns keeps the lock, is as
linear, and asks for no match object.
"""

from pydantic_core import SchemaValidator, core_schema


class Hint:
    """A pattern (syntax of Rust's `regex`) that is found wherever the costlier one is, and seldom elsewhere."""

    __slots__ = ("found",)

    def __init__(self, pattern: str) -> None:
        self.found = SchemaValidator(core_schema.str_schema(pattern=pattern)).isinstance_python
        """Whether it is in a text. Only of one that UTF-8 can say: half a surrogate pair hides all of it."""

    def possible(self, octets: bytes) -> bool:
        """Whether the costlier look is needed. Of what is no UTF-8 nothing is known, so that it always is."""
        try:
            return self.found(str(octets, "utf-8"))
        except UnicodeDecodeError:
            return True
