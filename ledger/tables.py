"""Tables: the ledger's schema as statements see it. How a file gets there is in `ledger/migrations`:
there, indices are partial in PostgreSQL too; to say it here would load its dialect, which most never need.

`captures` is narrow, because lists, filters and counts walk it; what is shown of one capture alone lies in `evidence`.
`tallies` and `minutes` are sums kept in the writer's own transactions, so that no page counts every row.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

METADATA = MetaData()

# SQLite makes only an INTEGER primary key the row's own number.
BIG = BigInteger().with_variant(Integer, "sqlite")

captures = Table(
    "captures",
    METADATA,
    Column("seq", BIG, primary_key=True, autoincrement=False),
    Column("id", Text, nullable=False),
    Column("at", BIG, nullable=False),
    Column("run", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("intent", Text, nullable=False),
    Column("provider", Text),
    Column("operation", Text),
    Column("verdict", Text, nullable=False),
    Column("departed", Boolean(create_constraint=False), nullable=False),
    Column("host", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("sender", Text),
    Column("subject", Text),
    Column("octets", BIG, nullable=False),
    Column("traits", Text),
    Column("window", Text),
    Index("captures_id", "id", unique=True),
    Index("captures_at", "at"),
    Index("captures_run", "run"),
    Index("captures_operation", "operation"),
    Index("captures_host", "host"),
    Index("captures_departed", "departed", sqlite_where=text("departed")),
    Index(
        "captures_sender",
        "sender",
        sqlite_where=text("sender IS NOT NULL"),
    ),
    Index(
        "captures_subject",
        "subject",
        sqlite_where=text("subject IS NOT NULL"),
    ),
    Index(
        "captures_traits",
        "traits",
        sqlite_where=text("traits IS NOT NULL"),
    ),
    Index(
        "captures_window",
        "window",
        sqlite_where=text('"window" IS NOT NULL'),
    ),
)
"""`at` in microseconds since 1970; `sender` and `subject` folded to lower case for matching;
`traits` as `ledger.traits` notes them; `window`, of a run, the id of the one that was open on it.

No index on columns of few values (channel, provider, verdict): walking this table costs less than keeping them.
"""

evidence = Table(
    "evidence",
    METADATA,
    Column("seq", BIG, primary_key=True, autoincrement=False),
    Column("story", Text, nullable=False),
    Column("body", LargeBinary),
    Column("body_sha256", Text),
    Column("reply_body", LargeBinary),
    Column("reply_sha256", Text),
    Column("kept", Text),
    Index(
        "evidence_body",
        "body_sha256",
        sqlite_where=text("body_sha256 IS NOT NULL"),
    ),
    Index(
        "evidence_reply",
        "reply_sha256",
        sqlite_where=text("reply_sha256 IS NOT NULL"),
    ),
)
"""A body lies in the row, or in the file its `sha256` names. `kept`: as `ledger.kept` tells it."""

pieces = Table(
    "pieces",
    METADATA,
    Column("seq", BIG, nullable=False),
    Column("after", BIG, nullable=False),
    Column("octets", LargeBinary, nullable=False),
    PrimaryKeyConstraint("seq", "after"),
    sqlite_with_rowid=False,
)
"""How an answer goes on that is recorded as it comes; `after`: octets of it that were recorded before."""

recipients = Table(
    "recipients",
    METADATA,
    Column("seq", BIG, nullable=False),
    Column("address", Text, nullable=False),
    PrimaryKeyConstraint("seq", "address"),
    Index("recipients_address", "address"),
    sqlite_with_rowid=False,
)

labels = Table(
    "labels",
    METADATA,
    Column("seq", BIG, nullable=False),
    Column("label", Text, nullable=False),
    PrimaryKeyConstraint("seq", "label"),
    Index("labels_label", "label"),
    sqlite_with_rowid=False,
)
"""What people put on captures (`ledger.labels`); written by the dashboard alone."""

bodies = Table(
    "bodies",
    METADATA,
    Column("sha256", Text, primary_key=True),
    Column("stored", BIG, nullable=False),
    Column("doomed", Boolean(create_constraint=False), nullable=False, server_default=text("false")),
)
"""Files of the body store; `doomed` while no capture names it and its file is about to go."""

tallies = Table(
    "tallies",
    METADATA,
    Column("run", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("departed", Boolean(create_constraint=False), nullable=False),
    Column("count", BIG, nullable=False),
    Column("first_at", BIG, nullable=False),
    Column("last_at", BIG, nullable=False),
    PrimaryKeyConstraint("run", "channel", "provider", "operation", "host", "verdict", "departed"),
    sqlite_with_rowid=False,
)
"""An absent provider or operation is the empty string here, because keys compare."""

minutes = Table(
    "minutes",
    METADATA,
    Column("minute", BIG, nullable=False),
    Column("channel", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("departed", Boolean(create_constraint=False), nullable=False),
    Column("count", BIG, nullable=False),
    PrimaryKeyConstraint("minute", "channel", "verdict", "departed"),
    sqlite_with_rowid=False,
)
"""`minute` counts minutes since 1970."""

counters = Table("counters", METADATA, Column("name", Text, primary_key=True), Column("value", BIG, nullable=False))
"""`seq`: the last one given out; `octets`: what rows and body files take; of the index, `indexed`:
up to which one it knows, `forgotten`: how many removals it has followed. Embedded, these two lie in its own file.
`filed`: up to which capture the keys of what was kept are entered."""

objects = Table(
    "objects",
    METADATA,
    Column("run", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("collection", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("seq", BIG, nullable=False),
    PrimaryKeyConstraint("run", "provider", "collection", "key"),
    Index("objects_seq", "seq"),
)
"""Without a value: the evidence of capture `seq` says it (`ledger.late_keys`)."""

replays = Table(
    "replays",
    METADATA,
    Column("run", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("seq", BIG, nullable=False),
    PrimaryKeyConstraint("run", "key"),
    Index("replays_seq", "seq"),
)
"""The answer itself is the evidence of capture `seq`."""

key_bundles = Table(
    "key_bundles",
    METADATA,
    Column("number", BIG, primary_key=True, autoincrement=False),
    Column("bits", BIG, nullable=False),
    Column("last", BIG, nullable=False),
    Column("target", BIG),
)
"""Of an embedded ledger, the keys of objects and replays (`ledger.key_bundles`); the tables of both hold what an
earlier version wrote there, and values whose evidence was purged. `bits`: of digests, by which its sheets are told
apart. `last`: the latest capture its keys lead to. `target`: which bundle it is being merged into."""

key_sheets = Table(
    "key_sheets",
    METADATA,
    Column("place", BIG, primary_key=True, autoincrement=False),
    Column("entries", LargeBinary, nullable=False),
)
"""`place`: the bundle's number and then 24 bits for the digests' first ones."""

key_lists = Table(
    "key_lists",
    METADATA,
    Column("place", BIG, primary_key=True, autoincrement=False),
    Column("collection", LargeBinary, nullable=False),
    Column("entries", LargeBinary, nullable=False),
    Index("key_lists_collection", "collection", "place"),
)
"""`place`: the latest capture that its entries lead to, and then 20 bits to tell collections apart."""

runs = Table(
    "runs",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("opened_at", BIG, nullable=False),
    Column("finished_at", BIG),
    Column("verdict", Text),
    Column("opened_seq", BIG, nullable=False, server_default=text("0")),
    Column("finished_seq", BIG),
    Column("contained", Text, nullable=False, server_default=text("'no'")),
    Column("wrong_tokens", BIG, nullable=False, server_default=text("0")),
    Column("details", Text, nullable=False, server_default=text("'{}'")),
    Column("parent", Text),
    Index(
        "runs_parent",
        "parent",
        sqlite_where=text("parent IS NOT NULL"),
    ),
)
"""`opened_seq`, `finished_seq`: the last capture before it began and before it ended, which no clock can move.
`details`: what nothing is asked by, as JSON. Secrets are derived (`ledger.run_keys`) and not kept."""

run_windows = Table(
    "run_windows",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("run", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("opened_at", BIG, nullable=False),
    Column("opened_seq", BIG, nullable=False),
    Column("closed_at", BIG),
    Column("closed_seq", BIG),
    Index("run_windows_run", "run"),
)

run_gaps = Table(
    "run_gaps",
    METADATA,
    Column("run", Text, nullable=False),
    Column("number", BIG, nullable=False),
    Column("at", BIG, nullable=False),
    Column("until", BIG, nullable=False),
    Column("why", Text, nullable=False),
    PrimaryKeyConstraint("run", "number"),
    sqlite_with_rowid=False,
)
"""When and why a run's evidence may not be whole (`ledger.run_gaps`)."""

removals = Table(
    "removals",
    METADATA,
    Column("id", BIG, primary_key=True),
    Column("at", BIG, nullable=False),
    Column("why", Text, nullable=False),
    Column("captures", BIG, nullable=False),
    Column("octets", BIG, nullable=False),
    Column("oldest_at", BIG, nullable=False),
    Column("newest_at", BIG, nullable=False),
)
"""What retention or a person took away, so that a gap in the record is never silent."""
