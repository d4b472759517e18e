"""Code that writes: parts of a pack whose values are JSON text as soon as they are made, see `written`."""

from collections.abc import Mapping, Sequence

from policies import written
from policies.expression_code import Code, Constant, Evaluate, Named, Writer, called, code

LETS = ("var", "safe", "written")
"""Kinds of what `let` names, which a context's names begin with: data, safe texts, and what may be written."""
_SAFE_ROOTS = frozenset({"iso", "iso_ms", "rfc2822"})
_INTEGER_ROOTS = frozenset({"now", "i"})
_SAFE = frozenset(map(chr, range(0x20, 0x7F))) - {'"', "\\"}


class SafeCode(Code):
    """A part that gives a text of bounded length which is the same in JSON, such as an identifier."""

    __slots__ = ()


class IntegerCode(Code):
    """A part that gives an integer, which Python writes as JSON does."""

    __slots__ = ()


class TruthCode(Code):
    """A part that gives true or false."""

    __slots__ = ()


class WrittenCode(Code):
    """A part that may give something written. `told` gives its JSON text, to be spliced."""

    __slots__ = ("told",)

    def __init__(self, made: Code, told: Code | None = None) -> None:
        super().__init__(made.source, made.held, made.depth)
        self.told: Code = _json_of(made) if told is None else told


class ReadCode(Code):
    """An expression of data that may be written: gives it as data. `raw` gives it as it is."""

    __slots__ = ("raw",)

    def __init__(self, raw: WrittenCode, read: Code | None = None) -> None:
        made = called(written.plain, raw) if read is None else read
        super().__init__(made.source, made.held, made.depth)
        self.raw = raw

    def field(self, key: str) -> Code:
        """One value of it as data, for which the others are not read."""
        return called(written.field, self.raw, Constant(key))

    def patched(self, changes: Evaluate) -> "ReadCode":
        return ReadCode(PatchedCode(self.raw, changes))


class PatchedCode(WrittenCode):
    """An object with fields that change. The keys of both are known when it is made."""

    __slots__ = ("_changes", "_value")

    def __init__(self, value: Evaluate, changes: Evaluate) -> None:
        self._value = value
        self._changes = changes
        super().__init__(called(written.patched, value, changes))

    def under(self, other: "ObjectCode") -> WrittenCode:
        """Merged with another."""
        layout = Constant(other.layout)
        return WrittenCode(called(written.patched, self._value, self._changes, layout, other.values))


class ObjectCode(WrittenCode):
    """An object whose keys are known."""

    __slots__ = ("layout", "values")

    def __init__(self, fields: Mapping[str, Evaluate]) -> None:
        writer, told = Writer(), list[str]()
        places: dict[str, str | int] = {}
        for key, part in fields.items():
            if isinstance(part, Constant):
                places[key] = written.json_text(part.value)
            else:
                places[key] = len(told)
                told.append(spliced(writer, json_pieces(part)))
        self.layout = written.Layout(places, len(told))
        self.values = writer.code(f"[{', '.join(told)}]")
        made = called(written.WrittenObject, Constant(self.layout), self.values)
        super().__init__(made, _told_object(fields))


def safe_code(source: str) -> SafeCode:
    return SafeCode(source, {}, 1)


def root(name: str) -> Code:
    """A context's value of that name."""
    if name == "out":
        return ReadCode(WrittenCode(code("c.body")))
    if name in _INTEGER_ROOTS:
        return IntegerCode(f"c.{name}", {}, 1)
    return safe_code(f"c.{name}") if name in _SAFE_ROOTS else code(f"c.{name}")


def let(kind: str, name: str) -> Code:
    """What `let` made, of a kind of `LETS`."""
    named = Named(f"{kind}.{name}")
    made = Code(named.variable(), {named.variable(): named}, 1)
    if kind == "written":
        return ReadCode(WrittenCode(made))
    return SafeCode(made.source, made.held, 1) if kind == "safe" else made


def kind_of(made: Evaluate) -> str:
    """Which of `LETS` a tree's value is. A text made of others' is not among the safe, whose length nobody checks."""
    if isinstance(made, SafeCode) and not any(isinstance(held, Named) for held in made.held.values()):
        return "safe"
    return "written" if isinstance(made, WrittenCode) else "var"


def choice(test: Evaluate, yes: Evaluate, no: Evaluate) -> Code:
    """One of two expressions."""
    made = code("({1} if {0} else {2})", test, yes, no)
    if isinstance(yes, ReadCode) or isinstance(no, ReadCode):
        return ReadCode(WrittenCode(code("({1} if {0} else {2})", test, raw(yes), raw(no))), made)
    return SafeCode(made.source, made.held, made.depth) if _is_safe(yes) and _is_safe(no) else made


def truth(made: Code) -> TruthCode:
    return TruthCode(made.source, made.held, made.depth)


def raw(part: Evaluate) -> Evaluate:
    """What may give something written where it can, not data."""
    return part.raw if isinstance(part, ReadCode) else part


def safe_text(parts: Sequence[Evaluate]) -> SafeCode | None:
    """The parts' texts joined, where all of them are safe."""
    if not all(_is_safe(part) or isinstance(part, IntegerCode) for part in parts):
        return None
    writer = Writer()
    made = writer.code(spliced(writer, [part.value if isinstance(part, Constant) else part for part in parts]))
    return SafeCode(made.source, made.held, made.depth)


def _is_safe(part: Evaluate) -> bool:
    if isinstance(part, Constant):
        return type(part.value) is str and _SAFE.issuperset(part.value)
    return isinstance(part, SafeCode)


def json_pieces(part: Evaluate) -> list[str | Evaluate]:
    """What a value is written as: literals, and parts that give text."""
    if isinstance(part, Constant):
        return [written.json_text(part.value)]
    if isinstance(part, SafeCode):
        return ['"', part, '"']
    if isinstance(part, IntegerCode):
        return [part]
    if isinstance(part, TruthCode):
        return [code("('true' if {0} else 'false')", part)]
    return [part.told if isinstance(part, WrittenCode) else _json_of(part)]


def _json_of(part: Evaluate) -> Code:
    """For what most values are, `json_text` need not be called. An integer stays one until it is spliced."""
    template = (
        "({quoted}(h) if type(h := {0}) is str else h if type(h) is int else 'null' if h is None else {json_text}(h))"
    )
    return code(template, part, quoted=written.quoted, json_text=written.json_text)


def told_of(part: Evaluate) -> Evaluate:
    """A part's JSON text."""
    pieces = json_pieces(part)
    return Constant(pieces[0]) if isinstance(pieces[0], str) and len(pieces) == 1 else text_code(pieces)


def spliced(writer: Writer, pieces: Sequence[str | Evaluate]) -> str:
    """The source of one text: what is literal by `repr`, what is computed inside an f-string of its own."""
    return " ".join([repr(piece) if isinstance(piece, str) else f"f'{{({writer.part(piece)})}}'" for piece in pieces])


def text_code(pieces: Sequence[str | Evaluate]) -> Code:
    writer = Writer()
    return writer.code(spliced(writer, pieces))


def _told_object(fields: Mapping[str, Evaluate]) -> Code:
    pieces: list[str | Evaluate] = []
    for key, part in fields.items():
        pieces += [f"{',' if pieces else '{'}{written.quoted(key)}:", *json_pieces(part)]
    return text_code([*pieces, "}"])


def list_code(items: Sequence[Evaluate]) -> WrittenCode:
    """A list, of which nothing is looked at but the whole."""
    pieces: list[str | Evaluate] = []
    for item in items:
        pieces += [",", *json_pieces(item)]
    told = text_code(["[", *pieces[1:], "]"])
    return WrittenCode(called(written.Written, told), told)
