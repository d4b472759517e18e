"""What an answer kept is said by its capture's evidence; the tables of objects and replays learn of it later."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the column, and note up to which capture the tables know everything: all there is."""
    op.add_column("evidence", sa.Column("kept", sa.Text))
    op.execute("INSERT INTO counters (name, value) SELECT 'filed', value FROM counters WHERE name = 'seq'")
