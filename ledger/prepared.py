"""Prepared: a statement compiled once for the database at hand and then run without being looked at again.

SQLAlchemy's own cache still costs some tens of microseconds an execution and a few a row; the writer runs a handful of
fixed statements for every group of captures.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, CursorResult, Dialect
from sqlalchemy.sql import ClauseElement


class Prepared:
    """One statement whose parameters all come by name at each run."""

    def __init__(self, statement: ClauseElement, dialect: Dialect, names: Sequence[str] | None = None) -> None:
        """`names`: of an insert, the columns given, where not all of them are."""
        compiled: Any = statement.compile(dialect=dialect, column_keys=None if names is None else list(names))
        self._sql = str(compiled)
        self._arrange: Callable[[Mapping[str, Any]], Any] = dict
        if compiled.positional:
            positions: list[str] = compiled.positiontup or []
            self._arrange = itemgetter(*positions) if len(positions) > 1 else _only(positions)

    def run(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run it for every row."""
        arrange = self._arrange
        connection.exec_driver_sql(self._sql, [arrange(row) for row in rows])

    def one(self, connection: Connection, row: Mapping[str, Any]) -> CursorResult[Any]:
        """Run it once and return what it gives."""
        return connection.exec_driver_sql(self._sql, self._arrange(row))


def _only(names: list[str]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    return lambda row: tuple(row[name] for name in names)
