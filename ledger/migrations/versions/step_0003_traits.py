"""What captures are looked for by: flags and attachments noted beside them, and the labels that people put on them."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_STEP = 500


def upgrade() -> None:
    """Add the column and the table, and note the flags of what is there already."""
    op.add_column("captures", sa.Column("traits", sa.Text))
    where = sa.text("traits IS NOT NULL")
    op.create_index("captures_traits", "captures", ["traits"], sqlite_where=where, postgresql_where=where)
    op.create_table(
        "labels",
        sa.Column("seq", BIG, nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("seq", "label"),
        sqlite_with_rowid=False,
    )
    op.create_index("labels_label", "labels", ["label"])
    _note_flags(op.get_bind())


def _note_flags(connection: sa.Connection) -> None:
    """Attachments of older mails stay unnoted: their bodies may lie in files that this transaction does not know."""
    find = sa.text(
        "SELECT seq, story FROM evidence WHERE seq > :last AND story LIKE '%\"flags\":[%' ORDER BY seq LIMIT :step"
    )
    note = sa.text("UPDATE captures SET traits = :traits WHERE seq = :seq")
    last = 0
    while rows := connection.execute(find, {"last": last, "step": _STEP}).all():
        last = rows[-1][0]
        told = [(seq, json.loads(story).get("flags") or []) for seq, story in rows]
        noted = [{"seq": seq, "traits": f"|{'|'.join(flags)}|"} for seq, flags in told if flags]
        if noted:
            connection.execute(note, noted)
