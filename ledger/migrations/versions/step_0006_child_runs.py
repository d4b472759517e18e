"""A run may have been opened inside another one, its parent."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the column, and find the children of a run by it."""
    op.add_column("runs", sa.Column("parent", sa.Text))
    where = sa.text("parent IS NOT NULL")
    op.create_index("runs_parent", "runs", ["parent"], sqlite_where=where, postgresql_where=where)
