"""Full-text search: the index, empty; what is there already is fed to it in the background like everything else."""

from alembic import op

from ledger.dialect import create_search

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the index in the form the database at hand has for it."""
    create_search(op.get_bind())
