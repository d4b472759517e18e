"""What every report for programs says of a row, in plain text."""

from policies.verification_result import RowResult


def told(row: RowResult) -> str:
    """The reason, what was expected, and what came closest, a line each."""
    lines = [row.reason, *([f"expected: {row.expected}"] if row.expected else [])]
    for one in row.closest:
        lines.append(f"captured: {one.summary} ({one.id})")
        lines += [f"  {d.field}: expected {d.expected}, found {absent(d.actual)}" for d in one.differs]
    return encodable("\n".join(lines))


def encodable(text: str) -> str:
    """Lone surrogates, which no encoding takes, as escapes."""
    return text.encode("utf-8", "backslashreplace").decode()


def absent(actual: str | None) -> str:
    return "nothing" if actual is None else actual
