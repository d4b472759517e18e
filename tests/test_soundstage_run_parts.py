"""The pure parts of `soundstage run`: what the command's environment, view and network rules are, and what is told."""

import socket
from pathlib import Path
from typing import Any

import pytest

from soundstage import run_order
from soundstage.namespace_network import COUNTERS, rules
from soundstage.namespace_restrictions import explained
from soundstage.run_environment import environment_of
from soundstage.run_order import Canary, Hidden, Order, Place
from soundstage.run_plan import canary_of, plan
from soundstage.run_services import Services
from soundstage.run_sockets import STRIPPED, outside_sockets
from soundstage.run_summary import human, machine
from soundstage.run_view import view
from soundstage.trouble import ConfigError

SERVER = {"host": "127.0.0.1", "port": 1025, "username": "run-1", "password": "token"}
RUN: dict[str, Any] = {
    "id": "run-1",
    "name": "pytest",
    "opened_at": "2026-11-22T10:00:00Z",
    "finished_at": None,
    "verdict": None,
    "contained": "namespace",
    "services": [],
    "canaries": None,
    "gaps": [],
    "children": [],
    "counts": {"captures": 3, "left": 1, "channels": {"email": 2, "sms": 1}, "verdicts": {}, "wrong_token": 0},
    "proxy": SERVER | {"port": 8080},
    "smtp": SERVER,
    "smtps": SERVER | {"port": 1465},
    "variables": {"SOUNDSTAGE_URL": "http://127.0.0.1:8025", "HTTP_PROXY": "http://run-1:token@127.0.0.1:8080"},
}


@pytest.mark.parametrize("name", [*STRIPPED, "SOUNDSTAGE_ADMIN_TOKEN_FILE", "ALL_PROXY", "all_proxy"])
def test_variables_that_lead_elsewhere_are_not_the_commands(name: str) -> None:
    assert environment_of({name: "x", "PATH": "/bin"}, {"A": "1"}) == {"PATH": "/bin", "A": "1"}


def test_the_runs_variables_win() -> None:
    assert environment_of({"HTTP_PROXY": "http://corporate"}, RUN["variables"])["HTTP_PROXY"].startswith(
        "http://run-1:"
    )


@pytest.mark.parametrize(
    ("file", "value", "says", "hint"),
    [
        pytest.param("kernel/apparmor_restrict_unprivileged_userns", "1", "AppArmor", "userns=0", id="ubuntu"),
        pytest.param("kernel/unprivileged_userns_clone", "0", "the kernel keeps", "clone=1", id="old-debian"),
        pytest.param("user/max_user_namespaces", "0", "none at all", "namespaces=10000", id="no-user-namespaces"),
        pytest.param(
            "user/max_net_namespaces", "0", "no network of their own", "net_namespaces=10000", id="no-networks"
        ),
        pytest.param("user/max_user_namespaces", "100", "refused", "seccomp", id="something-else"),
    ],
)
def test_why_there_are_no_namespaces(tmp_path: Path, file: str, value: str, says: str, hint: str) -> None:
    (tmp_path / file).parent.mkdir()
    (tmp_path / file).write_text(value + "\n")
    told = explained("refused", tmp_path, "linux")
    assert says in told[0]
    assert hint in str(told[1])


def test_other_systems_have_none() -> None:
    assert explained("refused", platform="darwin")[0].startswith("a command is contained by Linux namespaces")


def test_an_order_travels_whole() -> None:
    canary = Canary("run-1", "127.0.0.1", 8080, "127.0.0.1", 1025, "run-1", "token")
    order = Order(("sh", "-c", "é\n\udcff"), {"A": "\udcff"}, "/tmp", (2, 15), True, canary=canary)
    order = Order(**{**{name: getattr(order, name) for name in Order.__slots__}, "view": (Hidden("empty", "/run"),)})
    assert run_order.read(order.written()) == order


def test_addresses_that_variables_name_are_not_redirected() -> None:
    text = rules([Place("proxy", "10.0.0.7", 8080), Place("smtp", "fd00::7", 1025)])
    assert text.index("ip daddr 10.0.0.7 tcp dport 8080 accept") < text.index("redirect to")
    assert text.index("ip6 daddr fd00::7 tcp dport 1025 accept") < text.index("redirect to")
    assert all(f"counter refused_{name} {{}}" in text for name in COUNTERS)


def test_human_summary() -> None:
    told = {"refused": {"udp": 3, "icmp": 0, "other": 1}, "outlived": 2}
    assert human(RUN, told) == (
        "soundstage: run-1: 3 captures (2 email, 1 sms), 1 left, contained by namespaces, 3 UDP and 1 other packets "
        "refused, 2 processes outlived it and were ended; soundstage captures list --run run-1"
    )


def test_the_summary_counts_what_runs_inside_it_did() -> None:
    inside = {"captures": 2, "left": 1, "channels": {"email": 1, "push": 1}}
    run = {**RUN, "children": [{"counts": inside}, {"counts": inside}]}
    said = "7 captures (4 email, 2 push, 1 sms), 3 left, 2 runs inside it, contained by namespaces;"
    assert f"soundstage: run-1: {said}" in human(run, {})


def test_machine_summary_has_no_secret() -> None:
    told = machine({**RUN, "token": "secret", "api_token": "secret"}, {"refused": {"udp": 1}}, 7)
    assert (told["exit"], told["refused"], told["outlived"]) == (7, {"udp": 1}, 0)
    assert "secret" not in str(told)


def folders(tmp_path: Path) -> tuple[Path, Path]:
    data, scratch = tmp_path / "data", tmp_path / "scratch"
    data.mkdir()
    scratch.mkdir()
    for name in ("ca.pem", "ca-bundle.pem"):
        (data / name).write_text("-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n")
    return data, scratch


def test_every_socket_outside_is_hidden_but_the_named_one(tmp_path: Path) -> None:
    data, scratch = folders(tmp_path)
    with socket.socket(socket.AF_UNIX) as hidden, socket.socket(socket.AF_UNIX) as named:
        hidden.bind(str(tmp_path / "hidden.sock"))
        named.bind(str(tmp_path / "named.sock"))
        steps = view(scratch, data, {}, [tmp_path / "named.sock"], {})
    over = {step.path for step in steps if step.do == "over"}
    assert str(tmp_path / "hidden.sock") in over
    assert str(tmp_path / "named.sock") not in over
    assert steps[-1] == Hidden("back", str(tmp_path / "named.sock"))


def test_a_socket_that_a_variable_names_is_found(tmp_path: Path) -> None:
    deep = tmp_path / "a/b/c/d/e/f"
    deep.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as agent:
        agent.bind(str(deep / "agent"))
        agent.listen()
        assert deep / "agent" in outside_sockets({"DOCKER_HOST": f"unix://{deep}/agent"})
    (deep / "agent").unlink()
    assert deep / "agent" not in outside_sockets({"DOCKER_HOST": f"unix://{deep}/agent"})


def test_the_data_directory_is_emptied_but_for_certificates_and_cannot_be_written(tmp_path: Path) -> None:
    data, scratch = folders(tmp_path)
    steps = [step for step in view(scratch, data, {}, [], {}) if step.path.startswith(str(data))]
    assert [(step.do, Path(step.path).name) for step in steps] == [
        ("empty", "data"),
        ("file", "ca.pem"),
        ("over", "ca.pem"),
        ("file", "ca-bundle.pem"),
        ("over", "ca-bundle.pem"),
        ("readonly", "data"),
    ]


def test_plan_listens_where_the_variables_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, scratch = folders(tmp_path)
    monkeypatch.chdir(tmp_path)
    made = plan(RUN, ("/bin/true",), Services((5432,), ()), data, scratch, {})
    places = {(place.name, place.host, place.port) for place in made.order.places}
    assert {("proxy", "127.0.0.1", 8080), ("smtp", "127.0.0.1", 1025), ("smtps", "127.0.0.1", 1465)} <= places
    assert ("relay:127.0.0.1/5432", "127.0.0.1", 5432) in places
    assert made.relays["relay:127.0.0.1/8025"] == ("127.0.0.1", 8025)
    assert made.order.canary == canary_of(RUN)


def test_a_command_cannot_be_started_where_it_sees_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, scratch = folders(tmp_path)
    monkeypatch.chdir(data)
    with pytest.raises(ConfigError, match="does not see"):
        plan(RUN, ("/bin/true",), Services((), ()), data, scratch, {})
