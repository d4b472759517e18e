"""Schema: which version a database is at, and how it is brought to this one."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from ledger.trouble import LedgerCorrupt

HEAD = "0009"
"""The step this version of Soundstage works with."""


def version_of(connection: Connection) -> str | None:
    """The database's step, or None for an empty one. Raises LedgerCorrupt where the tables are somebody else's."""
    tables = inspect(connection).get_table_names()
    if "alembic_version" in tables:
        step: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        return step
    if tables:
        raise LedgerCorrupt(
            f"the database holds tables that are not Soundstage's ({', '.join(sorted(tables)[:3])}, ...); "
            "point SOUNDSTAGE_DATA_DIR at a directory of its own"
        )
    return None


def known_steps() -> list[str]:
    """Every step this version knows, oldest first."""
    folder = Path(__file__).parent / "migrations" / "versions"
    return sorted(file.name.split("_")[1] for file in folder.glob("step_*.py"))


def newer_than_known(step: str | None) -> str | None:
    """Why a database cannot be worked with that a newer version than this one wrote; None for any other."""
    if step is None or step in known_steps():
        return None
    return (
        f"the ledger is at step {step}, which this version (step {HEAD}) does not know; "
        "start the version of Soundstage that wrote it"
    )


def bring_up(connection: Connection, to: str = HEAD) -> None:
    """Run the missing steps in the transaction at hand: all of them or none.

    Raises LedgerCorrupt where the database was written by a newer version than this one.
    """
    step = version_of(connection)
    if step == to:
        return
    newer = newer_than_known(step)
    if newer is not None:
        raise LedgerCorrupt(newer)
    # Imported here: Alembic takes longer to load than an up-to-date ledger takes to open.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, to)
