"""The files for a host: units that systemd takes, commands that exist, settings that are read, documented steps."""

import configparser
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from soundstage.arguments import parser
from soundstage.contain import gateway_of
from soundstage.contain_wanted import wanted_of
from soundstage.settings_source import read_settings

HOST = Path(__file__).resolve().parent.parent / "deploy" / "host"
GUIDE = HOST.parent.parent / "docs" / "host.md"
UNITS = sorted(HOST.glob("*.service"))


def unit(path: Path) -> configparser.ConfigParser:
    read = configparser.ConfigParser(interpolation=None, strict=False)
    read.optionxform = str  # type: ignore[method-assign,assignment]  # systemd tells Restart from restart
    read.read(path)
    return read


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_starts_a_command_that_exists(path: Path) -> None:
    words = shlex.split(unit(path)["Service"]["ExecStart"])
    assert words[0] == "/opt/soundstage/.venv/bin/soundstage"
    more = ["--interface", "eth1"] if words[-1] == "$CONTAIN" else []
    assert parser().parse_args([*(word for word in words[1:] if word != "$CONTAIN"), *more]).run


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_systemd_takes_the_unit(path: Path, tmp_path: Path) -> None:
    """Its programs are replaced by ones that are here, the rest is judged as it stands."""
    mine = tmp_path / path.name
    mine.write_text(re.sub(r"/opt/soundstage/\S+/soundstage", "/bin/true", path.read_text()))
    said = subprocess.run(["systemd-analyze", "verify", "--man=no", mine], capture_output=True, text=True, check=False)
    complaints = [line for line in said.stderr.splitlines() if path.name in line and "not found" not in line]
    assert complaints == []


def test_the_rules_come_before_any_network_and_are_not_taken_away() -> None:
    contain = unit(HOST / "soundstage-contain.service")
    assert "network-pre.target" in contain["Unit"]["Before"]
    assert not [name for name in contain["Service"] if name.startswith(("ExecStop", "User"))]


def test_the_gateway_is_nobody_special() -> None:
    service = unit(HOST / "soundstage.service")["Service"]
    assert service["User"] == "soundstage"
    assert service["CapabilityBoundingSet"] == service["AmbientCapabilities"] == "CAP_NET_ADMIN"


def test_gateway_and_rules_agree_on_the_settings() -> None:
    settings = read_settings({}, HOST / "soundstage.yaml")
    [options] = re.findall(r'^CONTAIN="(.*)"$', (HOST / "contain.env").read_text(), re.MULTILINE)
    chosen = parser().parse_args(["contain", "apply", *shlex.split(options)])
    gateway = gateway_of(settings, wanted_of(chosen.interface, [], [], None, [], keep_forwarding=False))
    assert (gateway.transparent, gateway.dns, gateway.log_group) == (9040, 1053, 77)
    assert settings.dashboard_port not in gateway.own


def test_the_guide_names_every_file() -> None:
    missing = [path.name for path in HOST.iterdir() if path.name not in GUIDE.read_text()]
    assert missing == []
