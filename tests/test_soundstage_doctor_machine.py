"""What the doctor makes of the machine it is on: powers, sockets, exceptions, trust; and of its own command line."""

import base64
import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from running import PATIENCE, PROJECT, environment

from soundstage.doctor_machine import exceptions, held_powers, host_network, is_broad, networks, powers, routes, sockets
from soundstage.doctor_network import Route, Surroundings, routes_v4
from soundstage.doctor_trust import Stores
from soundstage.trouble import ConfigError

STATUS = (
    "Name:\tx\nCapInh:\tffffffffffffffff\nCapPrm:\t{prm}\nCapEff:\t{eff}\nCapBnd:\tffffffffffffffff\nCapAmb:\t{amb}\n"
)
NONE = "0000000000000000"


def pem(octets: bytes) -> str:
    return f"-----BEGIN CERTIFICATE-----\n{base64.encodebytes(octets).decode()}-----END CERTIFICATE-----\n"


OURS, ANOTHER, FOREIGN = b"0..Soundstage staging CA 1..", b"0..Soundstage staging CA 2..", b"0..Some Root.."


def doctor(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Only such words as send nothing."""
    assert "--list" in words or words == () or "--before" in words or "--ca" in words or "--target" in words
    return subprocess.run(
        [sys.executable, "-S", "-m", "soundstage", "doctor", *words],
        cwd=PROJECT,
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@pytest.mark.parametrize(
    ("masks", "held"),
    [
        pytest.param({}, [], id="none-but-bounding"),
        pytest.param({"eff": "0000000000001000"}, ["CAP_NET_ADMIN"], id="in-force"),
        pytest.param({"prm": "0000000000002000"}, ["CAP_NET_RAW"], id="for-the-asking"),
        pytest.param({"amb": "0000000000200000"}, ["CAP_SYS_ADMIN"], id="handed-on"),
        pytest.param({"eff": "0000000000000400"}, [], id="low-ports-alone"),
    ],
)
def test_powers_are_read(masks: dict[str, str], held: list[str], tmp_path: Path) -> None:
    text = STATUS.format(**{"prm": NONE, "eff": NONE, "amb": NONE} | masks)
    assert held_powers(text) == held
    (tmp_path / "status").write_text(text)
    found = list(powers(tmp_path / "status"))
    assert [one.verdict for one in found] == (["open"] * len(held) or ["closed"])


def test_an_engine_s_socket_is_found_wherever_a_variable_names_it(tmp_path: Path) -> None:
    path = tmp_path / "engine.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        found = {one.id: one.verdict for one in sockets({"DOCKER_HOST": f"unix://{path}"})}
    assert found[f"socket:{path}"] == "open"
    assert f"socket:{path}" not in {one.id for one in sockets({"DOCKER_HOST": f"unix://{path}"})}


def test_a_server_of_one_s_own_network_is_no_way_out(tmp_path: Path) -> None:
    path = tmp_path / "app.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        assert f"socket:{path}" not in {one.id for one in sockets({"SSH_AUTH_SOCK": str(path)})}


def test_namespaces_are_none_where_nothing_shows_them(tmp_path: Path) -> None:
    (tmp_path / "self/ns").mkdir(parents=True)
    for number, name in (("self", "net:[1]"), ("7", "net:[1]")):
        (tmp_path / number / "ns").mkdir(parents=True, exist_ok=True)
        (tmp_path / number / "ns/net").symlink_to(name)
    assert all("/7/" not in one.id for one in networks(tmp_path))


def test_a_container_in_its_host_s_network_is_found(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    mark.touch()
    shared, own = Surroundings(devices=("eth0", "docker0")), Surroundings(devices=("eth0",))
    assert [one.verdict for one in host_network(shared, (str(mark),))] == ["open"]
    assert [one.verdict for one in host_network(own, (str(mark),))] == ["closed"]
    assert list(host_network(shared, (str(tmp_path / "none"),))) == []


def test_a_route_over_somebody_else_is_found() -> None:
    usual = routes_v4(["eth0 00000000 01004D0A 0003 0 0 0 00000000"])
    more = routes_v4(["eth0 0000010A 07004D0A 0003 0 0 0 0000FFFF"])
    assert [one.verdict for one in routes(Surroundings(tuple(usual)))] == ["closed"]
    found = list(routes(Surroundings((*usual, *more))))
    assert [(one.id, one.verdict) for one in found] == [("route:10.1.0.0/16", "open")]
    assert isinstance(more[0], Route)


@pytest.mark.parametrize(
    ("entry", "broad"),
    [
        *((one, True) for one in ("*", ".com", "*.amazonaws.com", "api.stripe.com", ".example.org:443", "8.8.8.8")),
        *((one, True) for one in ("0.0.0.0/0", "::/0", "10.0.0.0/4", "2606:4700::/32", "[2606:4700::1]", "...", ".")),
        *((one, False) for one in ("", "localhost", "127.0.0.1", "::1", "[::1]", "10.0.0.0/8", "192.168.7.9", "db")),
        *((one, False) for one in (".svc", ".cluster.local", "db.internal", "fd00::/8", "localhost:8080", ".test")),
    ],
)
def test_an_exception_is_broad_where_it_names_anything_public(entry: str, broad: bool) -> None:
    assert is_broad(entry) is broad


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        pytest.param({}, {"proxy-variables": "advice"}, id="nothing-set"),
        pytest.param({"NO_PROXY": "localhost,db", "HTTP_PROXY": "http://p:1"}, {"no-proxy": "closed"}, id="narrow"),
        pytest.param({"no_proxy": "db, .com", "http_proxy": "http://p:1"}, {"no-proxy": "open"}, id="broad"),
    ],
)
def test_exceptions_are_read_from_variables(environ: dict[str, str], found: dict[str, str]) -> None:
    assert {one.id: one.verdict for one in exceptions(environ)} == found


def trust(environ: Mapping[str, str], ca: Path | None = None) -> dict[str, str]:
    return {one.id.partition("/")[0]: one.verdict for one in Stores(environ, ca).findings()}


def test_each_runtime_s_trust_is_looked_up_where_it_looks(tmp_path: Path) -> None:
    good, bad, ca = tmp_path / "good.pem", tmp_path / "bad.pem", tmp_path / "ca.pem"
    good.write_text(pem(FOREIGN) + pem(OURS))
    bad.write_text(pem(FOREIGN))
    ca.write_text(pem(ANOTHER))
    for name in ("curl", "git", "node"):
        (tmp_path / "bin").mkdir(exist_ok=True)
        (tmp_path / "bin" / name).touch(mode=0o755)
    certifi = tmp_path / "lib/python3.13/site-packages/certifi/cacert.pem"
    certifi.parent.mkdir(parents=True)
    certifi.write_text(pem(FOREIGN))
    environ = {"PATH": str(tmp_path / "bin"), "SSL_CERT_FILE": str(good), "CURL_CA_BUNDLE": str(bad)}
    found = trust(environ)
    assert found == {
        "trust:openssl": "closed",
        "trust:curl": "missing",
        "trust:git": "closed",
        "trust:node": "missing",
        "trust:certifi:": "missing",
    }
    more = {"NODE_EXTRA_CA_CERTS": str(good), "REQUESTS_CA_BUNDLE": str(good), "CURL_CA_BUNDLE": str(good)}
    assert set(trust(environ | more).values()) == {"closed"}
    assert set(trust(environ | more, ca).values()) == {"missing"}, "another Soundstage's CA is not this one's"


def test_java_s_store_is_read_as_it_is(tmp_path: Path) -> None:
    store = tmp_path / "lib/security/cacerts"
    store.parent.mkdir(parents=True)
    store.write_bytes(b"\xfe\xed\xfe\xed" + FOREIGN)
    environ = {"PATH": str(tmp_path), "JAVA_HOME": str(tmp_path), "SSL_CERT_FILE": str(store)}
    assert trust(environ)["trust:java:"] == "advice", "there is no keytool to say what is in it"
    keytool = tmp_path / "bin/keytool"
    keytool.parent.mkdir()
    keytool.write_text(f"#!/bin/sh\necho '{pem(FOREIGN)}'\n")
    keytool.chmod(0o755)
    assert trust(environ)["trust:java:"] == "missing"
    keytool.write_text(f"#!/bin/sh\necho '{pem(OURS)}'\n")
    assert trust(environ)["trust:java:"] == "closed"
    keytool.write_text("#!/bin/sh\nexit 1\n")
    store.write_bytes(b"\xfe\xed\xfe\xed" + FOREIGN + OURS)
    assert trust(environ)["trust:java:"] == "closed"
    store.unlink()
    assert trust(environ)["trust:java:"] == "missing"
    named = tmp_path / "named"
    named.write_bytes(OURS)
    assert trust(environ | {"JAVA_TOOL_OPTIONS": f"-Djavax.net.ssl.trustStore={named}"})["trust:java:"] == "closed"


@pytest.mark.parametrize(
    ("content", "says"), [(None, "cannot be read: No such file"), ("-----BEGIN", "holds no certificate in PEM form")]
)
def test_a_ca_that_is_none_is_refused(tmp_path: Path, content: str | None, says: str) -> None:
    if content is not None:
        (tmp_path / "ca.pem").write_text(content)
    with pytest.raises(ConfigError, match=says):
        Stores({}, tmp_path / "ca.pem")


def test_what_would_be_tried_is_listed_with_the_standard_library_alone() -> None:
    """`-S`: no package that is installed can be imported."""
    told = doctor("--list", "--json", "--target", "192.0.2.7")
    assert told.returncode == 0, told.stderr
    assert {"tcp:192.0.2.7:443", "metadata:169.254.169.254:80"} <= {one["id"] for one in json.loads(told.stdout)}
    assert "udp:1.1.1.1:443" in doctor("--list").stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--before",), "--before goes with a command"),
        (("--before", "--", "no-such-program"), "the command no-such-program is not found"),
        (("--ca", "/nowhere", "--before", "--", "true"), "--ca /nowhere cannot be read"),
        (("--target", "1.2.3.4") * 9, "--target was given 9 times"),
    ],
)
def test_a_mistaken_command_line_tries_nothing(words: tuple[str, ...], says: str) -> None:
    told = doctor(*words)
    assert (told.returncode, told.stdout) == (2, "")
    assert says in told.stderr


def test_a_record_that_is_named_and_cannot_be_asked_is_no_answer(tmp_path: Path) -> None:
    """Nothing was tried: the error comes first, and 2 with it."""
    environ = {"SOUNDSTAGE_URL": "http://127.0.0.1:1", "SOUNDSTAGE_TOKEN": "x"}
    assert doctor("--before", "--", "true", **environ).returncode == 2, "without what it takes to ask"
    told = subprocess.run(
        [sys.executable, "-P", "-m", "soundstage", "doctor", "--before", "--", "true"],
        env=environment(tmp_path, environ),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (told.returncode, told.stdout) == (2, "")
    assert "Soundstage does not answer at http://127.0.0.1:1" in told.stderr
