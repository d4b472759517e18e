"""The first schema: captures with their evidence, sums, objects of providers, runs and removals."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make every table of the first version."""
    _captures()
    _bodies()
    _sums()
    _provider_state()
    _runs()


def _captures() -> None:
    op.create_table(
        "captures",
        sa.Column("seq", BIG, primary_key=True, autoincrement=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("run", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("intent", sa.Text, nullable=False),
        sa.Column("provider", sa.Text),
        sa.Column("operation", sa.Text),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("departed", sa.Boolean, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("sender", sa.Text),
        sa.Column("subject", sa.Text),
        sa.Column("octets", BIG, nullable=False),
    )
    op.create_index("captures_id", "captures", ["id"], unique=True)
    for column in ("at", "run", "host", "operation"):
        op.create_index(f"captures_{column}", "captures", [column])
    _partial_index("captures", "captures_departed", "departed", "departed")
    for column in ("sender", "subject"):
        _partial_index("captures", f"captures_{column}", column, f"{column} IS NOT NULL")
    op.create_table(
        "recipients",
        sa.Column("seq", BIG, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("seq", "address"),
        sqlite_with_rowid=False,
    )
    op.create_index("recipients_address", "recipients", ["address"])


def _partial_index(table: str, name: str, column: str, where: str) -> None:
    op.create_index(name, table, [column], sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _bodies() -> None:
    op.create_table(
        "evidence",
        sa.Column("seq", BIG, primary_key=True, autoincrement=False),
        sa.Column("story", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary),
        sa.Column("body_sha256", sa.Text),
        sa.Column("reply_body", sa.LargeBinary),
        sa.Column("reply_sha256", sa.Text),
    )
    _partial_index("evidence", "evidence_body", "body_sha256", "body_sha256 IS NOT NULL")
    _partial_index("evidence", "evidence_reply", "reply_sha256", "reply_sha256 IS NOT NULL")
    op.create_table(
        "bodies",
        sa.Column("sha256", sa.Text, primary_key=True),
        sa.Column("stored", BIG, nullable=False),
        sa.Column("doomed", sa.Boolean, nullable=False, server_default=sa.text("false")),
    )


def _sums() -> None:
    op.create_table(
        "tallies",
        *(
            sa.Column(n, sa.Text, nullable=False)
            for n in ("run", "channel", "provider", "operation", "host", "verdict")
        ),
        sa.Column("departed", sa.Boolean, nullable=False),
        *(sa.Column(name, BIG, nullable=False) for name in ("count", "first_at", "last_at")),
        sa.PrimaryKeyConstraint("run", "channel", "provider", "operation", "host", "verdict", "departed"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "minutes",
        sa.Column("minute", BIG, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("departed", sa.Boolean, nullable=False),
        sa.Column("count", BIG, nullable=False),
        sa.PrimaryKeyConstraint("minute", "channel", "verdict", "departed"),
        sqlite_with_rowid=False,
    )
    counters = op.create_table(
        "counters", sa.Column("name", sa.Text, primary_key=True), sa.Column("value", BIG, nullable=False)
    )
    op.bulk_insert(counters, [{"name": name, "value": 0} for name in ("seq", "indexed", "octets")])


def _provider_state() -> None:
    op.create_table(
        "objects",
        *(sa.Column(name, sa.Text, nullable=False) for name in ("run", "provider", "collection", "key", "value")),
        sa.Column("seq", BIG, nullable=False),
        sa.PrimaryKeyConstraint("run", "provider", "collection", "key"),
    )
    op.create_index("objects_seq", "objects", ["seq"])
    op.create_table(
        "replays",
        *(sa.Column(name, sa.Text, nullable=False) for name in ("run", "key", "fingerprint")),
        sa.Column("seq", BIG, nullable=False),
        sa.PrimaryKeyConstraint("run", "key"),
    )
    op.create_index("replays_seq", "replays", ["seq"])


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("token_digest", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("opened_at", BIG, nullable=False),
        sa.Column("finished_at", BIG),
        sa.Column("verdict", sa.Text),
    )
    op.create_table(
        "removals",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("at", BIG, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        *(sa.Column(n, BIG, nullable=False) for n in ("captures", "octets", "oldest_at", "newest_at")),
    )
