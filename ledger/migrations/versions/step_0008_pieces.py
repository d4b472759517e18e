"""An answer that goes on, as a conversation does, is recorded piece by piece instead of anew each time."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "pieces",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("after", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("octets", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("seq", "after"),
        sqlite_with_rowid=False,
    )
