"""Runs grow windows, gaps and derived secrets; a capture says in which window of its run it came.

Runs of before end here: their tokens were given out at random and kept as digests, which no derived token meets.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add columns and tables."""
    op.add_column("captures", sa.Column("window", sa.Text))
    where = sa.text('"window" IS NOT NULL')
    op.create_index("captures_window", "captures", ["window"], sqlite_where=where, postgresql_where=where)
    op.drop_column("runs", "token_digest")
    for column in (
        sa.Column("opened_seq", BIG, nullable=False, server_default=sa.text("0")),
        sa.Column("finished_seq", BIG),
        sa.Column("contained", sa.Text, nullable=False, server_default=sa.text("'no'")),
        sa.Column("wrong_tokens", BIG, nullable=False, server_default=sa.text("0")),
        sa.Column("details", sa.Text, nullable=False, server_default=sa.text("'{}'")),
    ):
        op.add_column("runs", column)
    op.execute("UPDATE runs SET finished_at = opened_at, verdict = 'inconclusive' WHERE finished_at IS NULL")
    _windows()
    _gaps()


def _windows() -> None:
    op.create_table(
        "run_windows",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("run", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("opened_at", BIG, nullable=False),
        sa.Column("opened_seq", BIG, nullable=False),
        sa.Column("closed_at", BIG),
        sa.Column("closed_seq", BIG),
    )
    op.create_index("run_windows_run", "run_windows", ["run"])


def _gaps() -> None:
    op.create_table(
        "run_gaps",
        sa.Column("run", sa.Text, nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("until", BIG, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("run", "number"),
        sqlite_with_rowid=False,
    )
