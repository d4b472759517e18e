"""Stores of certificates that a contained command is given with the CA in them: the system's, Python's, Java's.

They are mounted over the originals for the command alone; nothing on the disk is changed.
"""

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from soundstage import trust_java
from soundstage.run_java import certificates, jks
from soundstage.trouble import ConfigError
from soundstage.trust_bundle import KNOWN_PLACES, read_ca, system_roots
from soundstage.trust_pem import with_ca
from soundstage.trust_places import python_bundles

JAVA_HOMES = "/usr/lib/jvm"


def trusted(command: str, folder: Path, environ: Mapping[str, str], data_dir: Path, scratch: Path) -> dict[Path, Path]:
    """Each store that the command may read, and the file to put over it. `folder`: where it is started."""
    made = {}
    for number, store in enumerate(_pem_stores(command, folder, environ)):
        put = scratch / f"store-{number}.pem"
        put.write_bytes(with_ca(store.read_bytes(), read_ca(data_dir)))
        made[store] = put
    for number, store in enumerate(_java_stores(command, environ)):
        put = scratch / f"store-{number}.jks"
        put.write_bytes(jks(certificates(system_roots() + read_ca(data_dir))))
        made[store] = put
    return made


def _pem_stores(command: str, folder: Path, environ: Mapping[str, str]) -> dict[Path, None]:
    system = [Path(place).resolve() for place in KNOWN_PLACES if Path(place).is_file()]
    packages = [path.resolve() for place in _environments(command, folder, environ) for path in _bundles(place)]
    return dict.fromkeys(system + packages)


def _environments(command: str, folder: Path, environ: Mapping[str, str]) -> Iterator[Path]:
    """Python environments the command may mean: named, beside it, on its path, its own, and the system's."""
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        if environ.get(name):
            yield Path(environ[name])
    yield from (folder / ".venv", folder / "venv")
    for place in environ.get("PATH", "").split(os.pathsep):
        if place and (Path(place).parent / "pyvenv.cfg").is_file():
            yield Path(place).parent
    program = Path(command)
    yield from (program.parent.parent, program.resolve().parent.parent, Path("/usr/local"))


def _bundles(environment: Path) -> list[Path]:
    try:
        return python_bundles(environment)
    except ConfigError:  # no environment
        return []


def _java_stores(command: str, environ: Mapping[str, str]) -> dict[Path, None]:
    found = shutil.which("java", path=environ.get("PATH"))
    homes = [Path(environ["JAVA_HOME"])] if environ.get("JAVA_HOME") else []
    homes += [Path(program).resolve().parent.parent for program in (found, command) if program]
    homes += sorted(Path(JAVA_HOMES).iterdir()) if Path(JAVA_HOMES).is_dir() else []
    stores: dict[Path, None] = {}
    for home in homes:
        with contextlib.suppress(ConfigError, OSError):  # no Java home
            stores[trust_java.store_of(home)] = None
    return stores
