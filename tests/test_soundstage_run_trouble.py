"""`soundstage run` where something is missing or dies: no namespaces, no tools, a gateway that is killed meanwhile."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest
from run_stage import NOBODY, RunStage, run_stage, why_not
from running import PATIENCE, eventually

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or why_not() is not None,
    reason=f"runs of an ordinary user cannot be tried here: {why_not() or 'it needs root'}",
)
NO_NAMESPACES = ("unshare", "-Ur", "sh", "-c", 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"', "sh")
"""Before a command: a machine on which nobody may make another user namespace."""
NO_NFT = ("unshare", "--mount", "sh", "-c", 'mount --bind /dev/null "$(command -v nft)"; exec "$@"', "sh")
CHARGE = "curl -sS https://api.stripe.com/v1/charges -d amount=1 > /dev/null"


@pytest.fixture(scope="module")
def house() -> Iterator[RunStage]:
    with run_stage(NOBODY) as made:
        yield made


def run(house: RunStage, before: tuple[str, ...], script: str, *options: str) -> subprocess.CompletedProcess[str]:
    words = house.words("bash", "-c", script, options=options)
    at = words.index(sys.executable) if before is NO_NAMESPACES else 0
    return subprocess.run(
        [*words[:at], *before, *words[at:]],
        env=house.environ,
        cwd=house.home,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_without_namespaces_it_runs_with_the_variables_and_says_so(house: RunStage) -> None:
    about = house.home / "about.json"
    stubborn = "(setsid sleep 1000 &) ; "
    done = run(house, NO_NAMESPACES, stubborn + CHARGE + "; exit 4", "--about", str(about))
    assert done.returncode == 4, done.stderr
    first = done.stderr.splitlines()[0]
    assert first.startswith("soundstage: warning: not contained: ")
    assert "user.max_user_namespaces = 0" in first
    told = json.loads(about.read_text())
    assert (told["contained"], told["counts"]["captures"], told["outlived"]) == ("no", 1, 1)
    assert told["canaries"]["end"] == {"http": True, "smtp": True}


def test_an_uncontained_run_is_inconclusive_unless_that_is_allowed(house: RunStage) -> None:
    expect = house.home / "expect.yaml"
    expect.write_text("version: 1\nexpect:\n  - payment: {amount: 1}\n")
    assert run(house, NO_NAMESPACES, CHARGE, "--expect", str(expect)).returncode == 2
    assert run(house, NO_NAMESPACES, CHARGE, "--expect", str(expect), "--allow-uncontained").returncode == 0


def test_a_missing_tool_is_named_and_nothing_is_started(house: RunStage) -> None:
    done = run(house, NO_NFT, "touch started")
    assert done.returncode == 2
    assert "install the package nftables" in done.stderr
    assert not (house.home / "started").exists()


def test_a_gateway_killed_meanwhile_takes_the_network_over_again(house: RunStage) -> None:
    """Nothing gets through while it is away; what was connected to it is lost, what comes then waits for it."""
    script = f"""
{CHARGE} && echo before
read answer
until curl -sS -m 30 https://api.stripe.com/v1/charges -d amount=2 > /dev/null 2>&1; do sleep 0.2; done
echo after
until curl -sS -m 30 --noproxy '*' https://api.stripe.com/v1/refunds -d charge=ch_1 >/dev/null 2>&1; do sleep 0.2; done
echo direct
"""
    about = house.home / "about.json"
    words = house.words("bash", "-c", script, options=("--about", str(about)))
    with subprocess.Popen(
        words, env=house.environ, cwd=house.home, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as launched:
        assert launched.stdin is not None
        assert launched.stdout is not None
        assert launched.stdout.readline() == "before\n"
        killed = house.gateway.processes()["gateway"]
        os.kill(killed, signal.SIGKILL)
        launched.stdin.write("go\n")
        launched.stdin.flush()
        assert launched.stdout.readline() == "after\n"
        assert launched.stdout.readline() == "direct\n"
        assert launched.wait(60) == 2, "nobody knows what was attempted meanwhile"
    assert house.gateway.processes()["gateway"] != killed
    told = json.loads(about.read_text())
    assert {one.get("operation") for one in house.gateway.captures(run=told["id"])} >= {
        "charge.create",
        "refund.create",
    }
    assert told["gaps"]


def test_sockets_of_nobodys_run_are_not_adopted(house: RunStage) -> None:
    """Whoever reaches the adoption socket still has to know the run's token."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as asking, socket.create_server(("127.0.0.1", 0)) as one:
        asking.connect(str(house.gateway.data_dir / "adopt.sock"))
        message = {"claim": {"run": "run-unknown", "token": "x"}, "sockets": ["tcp4"]}
        socket.send_fds(asking, [json.dumps(message).encode()], [one.fileno()])
        asking.settimeout(PATIENCE)
        assert json.loads(asking.recv(65_536)) == {"refused": "there is no open run 'run-unknown'"}


def test_the_adoption_socket_is_its_owners(house: RunStage) -> None:
    adopting = house.gateway.data_dir / "adopt.sock"
    eventually(adopting.exists, "it is there")
    assert adopting.stat().st_mode & 0o777 == 0o600
