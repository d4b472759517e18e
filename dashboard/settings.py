"""DashboardSettings: what the dashboard is told at its start. Reading environment and files is the front door's."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class DashboardSettings:
    """`hosts` are the names the dashboard answers to, without ports; `admin_token` opens everything."""

    data_dir: Path
    admin_token: str
    hosts: tuple[str, ...] = ("localhost", "127.0.0.1", "::1")
    command: str = "soundstage"
    """How the command line is called, in lines that a page gives people to paste."""
    where: str = ""
    """Its option that names this Soundstage, with a blank before it."""
