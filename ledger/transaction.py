"""Transaction: the writer's, begun and ended by the driver itself.

SQLAlchemy's own takes a tenth of a millisecond for both, which every commit of one capture alone would pay in full.
"""

from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any

from sqlalchemy import Connection

from ledger.prepared import driver_error


def transaction(connection: Connection) -> AbstractContextManager[object]:
    """For `with`: committed at its end, rolled back where it raises. Errors are those SQLAlchemy would raise.

    Within it only `Prepared` statements may run: SQLAlchemy knows nothing of it and would begin one of its own.
    """
    return _Immediate(connection) if connection.dialect.name == "sqlite" else connection.begin()


class _Immediate:
    """Takes the write lock at once, instead of failing at its second statement."""

    def __init__(self, connection: Connection) -> None:
        self._dialect = connection.dialect
        self._driver: Any = connection.connection.driver_connection

    def __enter__(self) -> None:
        self._run("BEGIN IMMEDIATE")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is not None:
            self._driver.rollback()
            return
        try:
            self._run("COMMIT")
        except BaseException:
            self._driver.rollback()
            raise

    def _run(self, statement: str) -> None:
        driver: Any = self._dialect.loaded_dbapi
        try:
            self._driver.execute(statement)
        except driver.Error as error:
            raise driver_error(error, statement, self._dialect) from error
