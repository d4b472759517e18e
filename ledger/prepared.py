"""Prepared: a statement compiled once for the database at hand and then run by its driver as it is.

SQLAlchemy's own execution costs some twenty microseconds a statement and a few a row; the writer runs a handful of
fixed statements for every group of captures. Errors are raised as SQLAlchemy would raise them.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import ClauseElement


class Prepared:
    """One statement whose parameters all come anew at each run, by name or in the order of `names`."""

    def __init__(self, statement: ClauseElement, dialect: Dialect, names: Sequence[str] = ()) -> None:
        """`names`: of an insert, the columns given, where not all of them are."""
        compiled: Any = statement.compile(dialect=dialect, column_keys=list(names) or None)
        self._sql = str(compiled)
        self._dialect = dialect
        self._names = tuple(names)
        self._as_given = False
        self._arrange: Callable[[Mapping[str, Any]], Any] = dict
        if compiled.positional:
            positions: list[str] = compiled.positiontup or []
            self._as_given = self._names == tuple(positions)
            self._arrange = itemgetter(*positions) if len(positions) > 1 else _only(positions)

    def run(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run it for every row."""
        self._run(connection, [self._arrange(row) for row in rows])

    def put(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        """Run it for every row, whose values come in the order of `names`."""
        if not self._as_given:
            rows = [self._arrange(dict(zip(self._names, row, strict=True))) for row in rows]
        self._run(connection, rows)

    def _run(self, connection: Connection, rows: Sequence[Any]) -> None:
        cursor = connection.connection.cursor()
        try:
            if len(rows) == 1:
                cursor.execute(self._sql, rows[0])
            else:
                cursor.executemany(self._sql, rows)
        except self._driver.Error as error:
            raise driver_error(error, self._sql, self._dialect) from error
        finally:
            cursor.close()

    def one(self, connection: Connection, row: Mapping[str, Any]) -> dict[str, Any] | None:
        """Run it once and return the first row it gives, by column."""
        found: dict[str, Any] | None = self._asked(connection, row, _first)
        return found

    def all(self, connection: Connection, row: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Run it once and return the rows it gives."""
        found: list[tuple[Any, ...]] = self._asked(connection, row, lambda cursor: cursor.fetchall())
        return found

    def _asked(self, connection: Connection, row: Mapping[str, Any], told: Callable[[Any], Any]) -> Any:
        cursor = connection.connection.cursor()
        try:
            cursor.execute(self._sql, self._arrange(row))
            return told(cursor)
        except self._driver.Error as error:
            raise driver_error(error, self._sql, self._dialect) from error
        finally:
            cursor.close()

    @property
    def _driver(self) -> Any:
        return self._dialect.loaded_dbapi


def driver_error(error: Exception, sql: str, dialect: Dialect) -> BaseException:
    """The driver's error as SQLAlchemy words it; the parameters stay out, they may be long and private."""
    driver: Any = dialect.loaded_dbapi
    return DBAPIError.instance(sql, None, error, driver.Error, dialect=dialect)


def _first(cursor: Any) -> dict[str, Any] | None:
    found = cursor.fetchone()
    if found is None:
        return None
    return {column[0]: value for column, value in zip(cursor.description, found, strict=True)}


def _only(names: list[str]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    return lambda row: tuple([row[name] for name in names])
