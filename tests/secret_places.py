"""Secret places: everything that can be read of a running Soundstage: files, tables, what it printed, API, pages."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
from running import Running
from secret_search import unpacked

Place = tuple[str, bytes]


def places(running: Running, folder: Path) -> Iterator[Place]:
    """Each by its name."""
    yield from files(running.data_dir)
    for file in running.data_dir.glob("*.sqlite"):
        yield from rows(file)
    for name in ("stdout", "stderr"):
        yield name, (folder / name).read_bytes()
    for words in (("captures", "export"), ("captures", "list")):
        told = running.run(*words)
        yield " ".join(words), (told.stdout + told.stderr).encode()
    with running.api() as api:
        for path in ("/metrics", "/", "/attempts", "/inbox", "/api/captures?limit=1000"):
            yield path, api.get(path).content
        yield from captures(api)


def files(data_dir: Path) -> Iterator[Place]:
    for file in sorted(path for path in data_dir.rglob("*") if path.is_file()):
        try:
            octets = file.read_bytes()
        except FileNotFoundError:  # it was another's name for a moment
            continue
        for text in unpacked(octets):
            yield str(file.relative_to(data_dir)), text


def rows(file: Path) -> Iterator[Place]:
    """Every value of every table: pages of a database file may cut a value in two."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for row in database.execute(f'SELECT * FROM "{table}"'):
                for value in row:
                    octets = value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")
                    for text in unpacked(octets):
                        yield f"{file.name}:{table}", text


def captures(api: httpx.Client) -> Iterator[Place]:
    """Each capture alone, its bytes, and every tenth one's page: pages show what the API says."""
    for number, capture in enumerate(all_of(api)):
        one = f"/api/captures/{capture}"
        for path in (one, f"{one}/raw", *([f"/attempts/{capture}"] if number % 10 == 0 else [])):
            for text in unpacked(api.get(path).content):
                yield path, text


def all_of(api: httpx.Client) -> Iterator[str]:
    after: dict[str, str] = {}
    while True:
        page = api.get("/api/captures", params={"limit": "1000", **after}).raise_for_status().json()
        yield from (item["id"] for item in page["items"])
        if page["next"] is None:
            return
        after = {"after": page["next"]}
