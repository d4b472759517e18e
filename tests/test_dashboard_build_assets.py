"""Assets: built once from the lock, skipped after, and a lock that names no host."""

import json
from pathlib import Path

from dashboard.build_assets import COPIED, ROOM, VENDOR, build, up_to_date


def test_they_are_there_after_a_build_and_a_second_one_does_nothing() -> None:
    build()
    assert up_to_date()
    assert build() is False
    assert {path.name for path in VENDOR.iterdir()} >= set(COPIED.values())


def test_the_lock_pins_by_digest_and_names_no_host() -> None:
    lock = (ROOM / "package-lock.json").read_text()
    assert "://" not in lock
    packages = {name: one for name, one in json.loads(lock)["packages"].items() if name}
    assert packages
    assert all(one["integrity"].startswith("sha512-") for one in packages.values())


def test_no_page_names_another_host() -> None:
    pages = [*Path(ROOM / "templates").glob("*.html"), *Path(ROOM / "static").glob("*.*")]
    naming = {page.name for page in pages if "://" in page.read_text().replace("http://www.w3.org/2000/svg", "")}
    hints = {"attempts.html", "now_figures.html", "policy_ask.html"}
    assert naming <= hints, "these name a host in what there is to type"
