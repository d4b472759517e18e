"""KeyStatements: what bundles of keys are written and merged with, compiled once."""

from functools import cache

from sqlalchemy import Dialect, bindparam, delete, func, insert, select, update

from ledger.prepared import Prepared
from ledger.statements import OBJECT_KEYS
from ledger.tables import captures, key_bundles, key_lists, key_sheets, objects


class KeyStatements:
    """In the order of the tables' columns, where rows are put."""

    def __init__(self, dialect: Dialect) -> None:
        bundles, sheets, lists = key_bundles.c, key_sheets.c, key_lists.c
        of_number = bundles.number == bindparam("of_number")
        between = (sheets.place >= bindparam("low"), sheets.place < bindparam("high"))
        self.put_bundle = Prepared(insert(key_bundles), dialect, tuple(bundles.keys()))
        self.put_sheet = Prepared(insert(key_sheets), dialect, tuple(sheets.keys()))
        self.put_list = Prepared(insert(key_lists), dialect, tuple(lists.keys()))
        self.bundles = Prepared(select(key_bundles), dialect)
        self.last_bundle = Prepared(select(func.max(bundles.number)), dialect)
        self.last_list = Prepared(select(func.max(lists.place)), dialect)
        self.first_capture = Prepared(select(func.min(captures.c.seq)), dialect)
        self.first_sheet = Prepared(select(func.min(sheets.place)).where(*between), dialect)
        self.sheets_between = Prepared(select(key_sheets).where(*between), dialect)
        self.set_target = Prepared(update(key_bundles).where(of_number).values(target=bindparam("into")), dialect)
        self.drop_bundle = Prepared(delete(key_bundles).where(of_number), dialect)
        self.drop_sheet = Prepared(delete(key_sheets).where(sheets.place == bindparam("of_place")), dialect)
        self.first_list = Prepared(select(func.min(lists.place)), dialect)
        self.drop_lists = Prepared(delete(key_lists).where(lists.place < bindparam("before")), dialect)
        self.settle_object = Prepared(
            delete(objects).where(
                *(objects.c[key] == bindparam(f"of_{key}") for key in OBJECT_KEYS), objects.c.seq <= bindparam("up_to")
            ),
            dialect,
            (*(f"of_{key}" for key in OBJECT_KEYS), "up_to"),
        )


@cache
def _of_name(_name: str, dialect: Dialect) -> KeyStatements:
    return KeyStatements(dialect)


def key_statements_for(dialect: Dialect) -> KeyStatements:
    """The statements for a connection's database, compiled at first use."""
    return _of_name(dialect.name, dialect)
