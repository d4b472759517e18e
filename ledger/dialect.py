"""Dialect: the few statements SQLite and PostgreSQL word differently. Nothing else asks which one it is."""

from typing import Any

from sqlalchemy import BigInteger, ColumnClause, Connection, Table, TableClause, TextClause, column, table, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.dml import Insert

from ledger.search_file import SCHEMA


def upsert(name: str, table: Table, keys: list[str], change: dict[str, str] | None) -> Insert:
    """Insert, or where the key exists set columns to expressions over `excluded` and the table; None leaves the row."""
    statement: Any = _insert_server(table) if name == "postgresql" else sqlite.insert(table)
    if change is None:
        return statement.on_conflict_do_nothing(index_elements=keys)  # type: ignore[no-any-return]  # dialect-neutral Any
    set_ = {column: text(expression) for column, expression in change.items()}
    return statement.on_conflict_do_update(index_elements=keys, set_=set_)  # type: ignore[no-any-return]  # the same


def _insert_server(table: Table) -> Insert:
    from sqlalchemy.dialects import postgresql  # here: it takes 50 ms to import, and most ledgers are embedded

    return postgresql.insert(table)


def create_search(connection: Connection) -> None:
    """The index as the second step made it: FTS5 in SQLite, a table with a GIN index in PostgreSQL."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("CREATE TABLE search (seq BIGINT PRIMARY KEY, body TEXT NOT NULL)"))
        connection.execute(text("CREATE INDEX search_body ON search USING gin (to_tsvector('simple', body))"))
        return
    connection.execute(
        text(
            "CREATE VIRTUAL TABLE search USING fts5(body, tokenize = \"unicode61 remove_diacritics 2\", prefix = '2 3')"
        )
    )


def add_to_search(name: str) -> Any:
    """Insert `seq` and `body`."""
    if name == "postgresql":
        return text("INSERT INTO search (seq, body) VALUES (:seq, :body) ON CONFLICT (seq) DO NOTHING")
    return text("INSERT OR REPLACE INTO search (rowid, body) VALUES (:seq, :body)")


def remove_from_search(name: str) -> Any:
    """Delete by `seq`."""
    if name == "postgresql":
        return text("DELETE FROM search WHERE seq = :seq")
    return text("DELETE FROM search WHERE rowid = :seq")


def indexed_between(name: str, after: int, limit: int) -> TextClause:
    """The `seq`s the index knows beyond one, rising; of the index's own file, where it has one."""
    column, source = ("seq", "search") if name == "postgresql" else ("id", "search_docsize")
    statement = f"SELECT {column} FROM {source} WHERE {column} > :after ORDER BY {column} LIMIT :most"  # noqa: S608 - constants
    return text(statement).bindparams(after=after, most=limit)


_SEARCH_SERVER = table("search", column("seq", BigInteger))
_SEARCH_EMBEDDED = table("search", column("rowid", BigInteger), schema=SCHEMA)


def search_index(name: str) -> tuple[TableClause, ColumnClause[int]]:
    """The index as a table to join with, and its column that holds a capture's `seq`."""
    index = _SEARCH_SERVER if name == "postgresql" else _SEARCH_EMBEDDED
    return index, next(iter(index.columns))


def found_by(name: str, phrases: list[list[str]]) -> TextClause:
    """The condition that a text holds every phrase, the last word of the last one as a beginning.

    `phrases` consist of plain lower-case words (letters and digits alone), so nothing in them can be an operator.
    """
    if name == "postgresql":
        parts = [" <-> ".join(phrase) for phrase in phrases]
        query = " & ".join(f"({part})" for part in [*parts[:-1], parts[-1] + ":*"])
        condition = "to_tsvector('simple', search.body) @@ to_tsquery('simple', :search_words)"
    else:
        query = " AND ".join('"' + " ".join(phrase) + '"' for phrase in phrases) + "*"
        condition = "search MATCH :search_words"
    return text(condition).bindparams(search_words=query)
