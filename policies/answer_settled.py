"""What is settled of an answer's function once all of it is known: what its parts ask for alike is asked for once.

An answer is computed between much else, so that its code is cold: what counts is how much of it there is.
"""

import ast
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

MOST_DRAWN = 320
"""Letters of identifiers that are drawn in one piece. An answer may make more of them, one by one."""
_READ = frozenset({"form", "headers", "params", "typed"})
"""Objects of a request that have been read when it is answered, and are not changed."""
_IN_ANY_CASE = frozenset({"c.req.headers", "c.req.params"})
"""Of them those that need not be read."""


def settled(tree: ast.Module) -> ast.Module:
    """The function with its identifiers as pieces of one that is drawn first, with a request's objects and such of
    their values as are asked for more than once put down first too, and without names that nobody asks for."""
    (part,) = tree.body
    if not isinstance(part, ast.FunctionDef):
        raise TypeError("an answer is one function")
    if not any(map(_is_handed_on, ast.walk(part))):
        for line in part.body:
            if isinstance(line, ast.Assign) and isinstance(line.targets[-1], ast.Subscript):
                line.targets.pop()
    drawn = _Drawn()
    drawn.visit(part)
    first = [f"l = c.gen.b62({drawn.size})"] if drawn.size else []
    for letter, find in (("r", _objects), ("v", _values)):
        shared = _Shared(part, letter, find)
        shared.visit(part)
        first += shared.lines
    part.body[:0] = ast.parse("\n".join(first)).body
    return ast.fix_missing_locations(tree)


def looked_up_once(tree: ast.Module) -> ast.Module:
    """The function of an operation's facts with such of a request's objects as are asked for more than once put down
    first. Of what has to be read that is only what it reads in any case: reading tells what is wrong with a body."""
    (part,) = tree.body
    if not isinstance(part, ast.FunctionDef):
        raise TypeError("facts are one function")
    read = _IN_ANY_CASE.union(filter(None, map(_objects, _evaluated(part))))
    shared = _Shared(part, "r", lambda node: source if (source := _objects(node)) in read else None)
    shared.visit(part)
    part.body[:0] = ast.parse("\n".join(shared.lines)).body
    return ast.fix_missing_locations(tree)


def _evaluated(node: ast.AST) -> Iterator[ast.AST]:
    """What of a function is evaluated whatever comes; not all of it, but nothing else."""
    yield node
    below: Iterable[ast.AST]
    match node:
        case ast.IfExp() | ast.If():
            below = [node.test]
        case ast.BoolOp():
            below = node.values[:1]
        case ast.Compare():
            below = [node.left, node.comparators[0]]
        case ast.Lambda() | ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            below = []
        case _:
            below = ast.iter_child_nodes(node)
    for part in below:
        yield from _evaluated(part)


class _Drawn(ast.NodeTransformer):
    """Puts pieces of `l` where identifiers are drawn."""

    def __init__(self) -> None:
        self.size = 0

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        """What follows an `or` is drawn where it stands: it is asked for only where a client names nothing itself."""
        node.values[0] = self.visit(node.values[0])
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Attribute(value=ast.Name("c"), attr="gen"), attr="b62"),
                args=[ast.Constant(int(size))],
            ) if self.size + size <= MOST_DRAWN:
                self.size += size
                return ast.parse(f"l[{self.size - size}:{self.size}]", mode="eval").body
        return node


def _is_handed_on(node: ast.AST) -> bool:
    """Whether another function is called with the context, which may ask for its names."""
    match node:
        case ast.Call(args=[ast.Name("c"), *_]):
            return True
    return False


def _objects(node: ast.AST) -> str | None:
    """The source of an object of the request."""
    match node:
        case ast.Attribute(value=ast.Attribute(value=ast.Name("c"), attr="req"), attr=name) if name in _READ:
            return f"c.req.{name}"
    return None


def _values(node: ast.AST) -> str | None:
    """The source of a value of an object that was put down."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(name), attr="get"), args=[ast.Constant(str(key))]):
            return f"{name}.get({key!r})" if name[0] == "r" else None
    return None


class _Shared(ast.NodeTransformer):
    """Puts a name where `find` tells the source of something that stands there more than once."""

    def __init__(self, part: ast.AST, letter: str, find: Callable[[ast.AST], str | None]) -> None:
        self._find = find
        told = Counter([source for node in ast.walk(part) if (source := find(node)) is not None])
        several = [source for source, times in told.items() if times > 1]
        self._names = {source: f"{letter}{number}" for number, source in enumerate(several)}
        self.lines = [f"{name} = {source}" for source, name in self._names.items()]

    def visit(self, node: ast.AST) -> ast.AST:
        name = self._names.get(self._find(node) or "")
        return self.generic_visit(node) if name is None else ast.Name(name, ast.Load())
