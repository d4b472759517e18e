"""Full-text search moves out of the embedded ledger into a file of its own, which is fed anew from the captures.

A server keeps its index beside the captures; what is new there is how far it has forgotten what was removed.
"""

import secrets

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Drop the embedded index, and mark the ledger so that its new one is known to be its own."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("INSERT INTO counters (name, value) VALUES ('forgotten', 0)")
        return
    op.execute("DROP TABLE search")
    op.execute("DELETE FROM counters WHERE name = 'indexed'")
    op.execute(f"PRAGMA user_version={secrets.randbelow(2**31 - 1) + 1}")
