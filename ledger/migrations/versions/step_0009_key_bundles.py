"""Keys of objects and replays lie in bundles; what the tables of both know of before stays there."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables of bundles, of their sheets and of collections' lists."""
    op.create_table(
        "key_bundles",
        sa.Column("number", BIG, primary_key=True, autoincrement=False),
        sa.Column("bits", BIG, nullable=False),
        sa.Column("last", BIG, nullable=False),
        sa.Column("target", BIG),
    )
    op.create_table(
        "key_sheets",
        sa.Column("place", BIG, primary_key=True, autoincrement=False),
        sa.Column("entries", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "key_lists",
        sa.Column("place", BIG, primary_key=True, autoincrement=False),
        sa.Column("collection", sa.LargeBinary, nullable=False),
        sa.Column("entries", sa.LargeBinary, nullable=False),
    )
    op.create_index("key_lists_collection", "key_lists", ["collection", "place"])
