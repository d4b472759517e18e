"""The container files say what the guides promise: staging has no way out but the gateway, and never sees the key."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from soundstage.settings import Settings
from soundstage.settings_source import read_settings

PROJECT = Path(__file__).resolve().parent.parent
ROOMS = ("soundstage", "proxy", "dashboard", "sinks", "ledger", "policies")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())
    return read


def test_staging_is_a_network_without_a_way_out(compose: dict[str, Any]) -> None:
    assert compose["networks"]["staging"]["internal"] is True
    inside = [name for name, service in compose["services"].items() if name != "gateway"]
    assert inside
    assert all(list(compose["services"][name]["networks"]) == ["staging"] for name in inside)


def test_the_host_is_no_neighbour_of_staging(compose: dict[str, Any]) -> None:
    """Without this the shop reaches whatever the host serves: `make containers` shows it."""
    options = compose["networks"]["staging"]["driver_opts"]
    assert options == {"com.docker.network.bridge.inhibit_ipv4": "true"}
    assert all(service["cap_drop"] == ["ALL"] for service in compose["services"].values())


def test_names_are_asked_of_the_gateway_alone(compose: dict[str, Any]) -> None:
    gateway = compose["services"]["gateway"]["networks"]["staging"]["ipv4_address"]
    assert compose["services"]["shop"]["dns"] == [gateway]


def test_staging_gets_the_certificate_and_never_the_key(compose: dict[str, Any]) -> None:
    assert compose["services"]["shop"]["volumes"] == ["trust:/trust:ro"]
    assert "data" not in str(compose["services"]["shop"]["volumes"])


def test_gateway_settings_are_ones_it_takes(compose: dict[str, Any]) -> None:
    settings = read_settings({"SOUNDSTAGE_DATA_DIR": "/data", **compose["services"]["gateway"]["environment"]})
    assert isinstance(settings, Settings)
    networks = compose["services"]["gateway"]["networks"]
    assert settings.bind == networks["staging"]["ipv4_address"]
    assert settings.dashboard_bind == networks["outside"]["ipv4_address"]


def test_image_holds_every_room_and_does_not_run_as_root() -> None:
    text = (PROJECT / "Dockerfile").read_text()
    assert all(f"COPY {room} {room}" in text for room in ROOMS)
    gateway = text.partition("AS gateway")[2]
    assert re.search(r"^USER soundstage$", gateway, re.MULTILINE)
    assert all("--require-hashes" in line for line in re.findall(r".*pip install.* -r .*", text))


@pytest.mark.parametrize("name", ["healthcheck.py", "shop.py"])
def test_scripts_of_the_containers_compile(name: str) -> None:
    path = PROJECT / "deploy" / "compose" / name
    subprocess.run([sys.executable, "-c", f"compile(open({str(path)!r}).read(), {name!r}, 'exec')"], check=True)


@pytest.fixture(scope="module")
def contained() -> dict[str, Any]:
    """The file that contains an existing project, with a line for one of its services as the guide adds it."""
    text = (PROJECT / "deploy" / "compose" / "contained.yaml").read_text()
    read: dict[str, Any] = yaml.safe_load(f"{text}  app: *contained\n")
    return read


def test_one_more_file_leaves_a_project_no_way_out(contained: dict[str, Any]) -> None:
    assert contained["networks"]["default"]["internal"] is True
    options = contained["networks"]["default"]["driver_opts"]
    assert options == {"com.docker.network.bridge.inhibit_ipv4": "true"}
    app, gateway = contained["services"]["app"], contained["services"]["soundstage-gateway"]
    assert app["dns"] == [gateway["networks"]["default"]["ipv4_address"]]
    assert app["cap_drop"] == gateway["cap_drop"] == ["ALL"]
    assert app["volumes"] == ["soundstage-trust:/trust:ro"]
    assert "networks" not in app


def test_one_more_file_has_the_settings_of_the_first(compose: dict[str, Any], contained: dict[str, Any]) -> None:
    """But for the addresses: what the proof of one shows holds for the other."""
    first, more = (
        dict(file["services"][name]["environment"])
        for file, name in ((compose, "gateway"), (contained, "soundstage-gateway"))
    )
    settings = read_settings({"SOUNDSTAGE_DATA_DIR": "/data", **more})
    networks = contained["services"]["soundstage-gateway"]["networks"]
    assert settings.bind == networks["default"]["ipv4_address"]
    assert settings.dashboard_bind == networks["soundstage-outside"]["ipv4_address"]
    addresses = {"SOUNDSTAGE_BIND", "SOUNDSTAGE_DASHBOARD_BIND", "SOUNDSTAGE_DASHBOARD_HOSTS"}
    assert {name: more[name] for name in more.keys() - addresses} == {
        name: first[name] for name in first.keys() - addresses
    }
