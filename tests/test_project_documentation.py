"""Documentation under test: every setting and command has its place, examples load, links lead on."""

import argparse
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from policies.pack import Packs
from soundstage.arguments import parser
from soundstage.settings import Settings
from soundstage.settings_source import CLIENT_VARIABLES

PROJECT = Path(__file__).resolve().parent.parent
PAGES = sorted([*PROJECT.glob("*.md"), *(PROJECT / "docs").glob("*.md")])


def headings(name: str, level: str) -> set[str]:
    return set(re.findall(rf"^{level} `([^`]+)`", (PROJECT / "docs" / name).read_text(), re.MULTILINE))


def commands(of: argparse.ArgumentParser, words: tuple[str, ...]) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    below = [action for action in of._actions if isinstance(action, argparse._SubParsersAction)]
    if not below:
        yield " ".join(words), of
    for action in below:
        for name, made in action.choices.items():
            if not name.startswith("_"):
                yield from commands(made, (*words, name))


COMMANDS = list(commands(parser(), ("soundstage",)))


def test_every_setting_is_documented_and_no_other() -> None:
    settings = {f"SOUNDSTAGE_{field.upper()}" for field in Settings.model_fields}
    assert headings("settings.md", "###") == settings | set(CLIENT_VARIABLES)


def test_every_command_is_documented_and_no_other() -> None:
    assert headings("commands.md", "##") == {name for name, _ in commands(parser(), ("soundstage",))}


@pytest.mark.parametrize(("name", "command"), COMMANDS, ids=[name for name, _ in COMMANDS])
def test_every_option_is_documented(name: str, command: argparse.ArgumentParser) -> None:
    text = (PROJECT / "docs" / "commands.md").read_text()
    section = text.partition(f"## `{name}`")[2].partition("\n## ")[0]
    everywhere = {"--help", "--config", "--data-dir", "--json"}
    documented = [action for action in command._actions if not action.dest.startswith("filter_")]
    options = {option for action in documented for option in action.option_strings if option.startswith("--")}
    missing = {option for option in options - everywhere if option not in section}
    assert not missing
    filters = len(documented) < len(command._actions)
    assert not filters or "FILTERS" in section


def test_defaults_in_the_documentation_are_the_defaults() -> None:
    text = (PROJECT / "docs" / "settings.md").read_text()
    for field, info in Settings.model_fields.items():
        if isinstance(info.default, int) and info.default < 10**6:
            section = text.partition(f"### `SOUNDSTAGE_{field.upper()}`\n")[2]
            assert section.startswith(f"`{info.default}`"), field


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text())
    missing = [target for target in targets if "://" not in target and not (page.parent / target).exists()]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_examples_exist(page: Path) -> None:
    """What a reader is told to type is something the command line takes."""
    known = {name.split()[1] for name, _ in COMMANDS}
    typed = set(re.findall(r"(?<![\w/.-])(?:\.venv/bin/)?soundstage ([a-z-]+)", code(page.read_text())))
    absent = {"run", "verify", "doctor"} if page.name in ("README.md", "status.md") else set()
    assert typed <= known | absent


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_make_targets_in_examples_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    typed = set(re.findall(r"\bmake ([a-z-]+)", code(page.read_text())))
    assert typed <= targets


def code(text: str) -> str:
    return "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL))


def test_the_pack_of_the_worked_example_loads(tmp_path: Path) -> None:
    pack = re.search(r"```yaml\n(schema: 1\n.*?)```", (PROJECT / "CONTRIBUTING.md").read_text(), re.DOTALL)
    assert pack is not None
    (tmp_path / "parcels.yaml").write_text(pack[1])
    assert len(Packs.load([tmp_path], check=True)) == 1


def test_readme_is_two_screens() -> None:
    assert len((PROJECT / "README.md").read_text().splitlines()) <= 100


def test_changelog_knows_the_version() -> None:
    version = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
    text = (PROJECT / "CHANGELOG.md").read_text()
    assert f"## [{version}]" in text or "## [Unreleased]" in text
