"""`soundstage up` as an operator meets it: it starts, says where, restarts what dies, stops in time, refuses."""

import json
import os
import signal
import socket
import stat
import subprocess
import time
from pathlib import Path

import httpx
import pytest
from free_ports import free_ports
from running import PATIENCE, Running, command, environment, eventually, started


def ready(running: Running) -> bool:
    try:
        return (
            httpx.get(f"{running.addresses['dashboard']}/readyz", trust_env=False, timeout=PATIENCE).status_code == 200
        )
    except httpx.HTTPError:
        return False


def test_it_says_where_everything_is(gateway: Running) -> None:
    printed = (gateway.folder / "stdout").read_text()
    assert all(address in printed for name, address in gateway.addresses.items() if name != "ca")
    assert f'eval "$({command()[0]} -m soundstage env --data-dir {gateway.data_dir})"' in printed
    assert stat.S_IMODE(gateway.data_dir.stat().st_mode) == 0o700
    assert stat.S_IMODE((gateway.data_dir / "admin.token").stat().st_mode) == 0o600


def test_readiness_without_details(gateway: Running) -> None:
    answer = httpx.get(f"{gateway.addresses['dashboard']}/readyz", trust_env=False, timeout=PATIENCE)
    assert (answer.status_code, answer.json()) == (200, {"ready": True})


@pytest.mark.parametrize("name", ["gateway", "dashboard"])
def test_process_that_dies_is_started_again_and_the_other_does_not_notice(mended_gateway: Running, name: str) -> None:
    before = mended_gateway.processes()
    assert set(before) == {"gateway", "dashboard"}
    os.kill(before[name], signal.SIGKILL)
    eventually(lambda: mended_gateway.processes().get(name) not in (None, before[name]), f"{name} is back")
    eventually(lambda: ready(mended_gateway), "ready again, on the same addresses")
    other = ({"gateway", "dashboard"} - {name}).pop()
    assert mended_gateway.processes()[other] == before[other]
    assert json.loads((mended_gateway.data_dir / "addresses.json").read_text()) == mended_gateway.addresses


def signs_in_once(running: Running) -> None:
    """By the link that was printed, which is good for ten minutes alone."""
    printed = (running.folder / "stdout").read_text()
    link = [word for word in printed.split() if "/sign-in?token=" in word][-1]
    for status in (303, 401):
        assert httpx.get(link, trust_env=False, timeout=PATIENCE).status_code == status


def stops_cleanly(running: Running, number: signal.Signals) -> None:
    pids = running.processes()
    assert set(pids) == {"gateway", "dashboard"}
    running.process.send_signal(number)
    assert running.process.wait(PATIENCE) == 0
    assert not (running.data_dir / "addresses.json").exists()
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids.values())


def test_no_child_outlives_a_killed_parent_and_the_next_start_finds_what_was_captured(tmp_path: Path) -> None:
    """And each stops cleanly, by Ctrl-C as by a service manager. The link it prints signs in, once."""
    with started(tmp_path) as running:
        httpx.post(
            "http://hooks.partner.test/x",
            content=b"hello",
            proxy=f"http://{running.addresses['proxy']}",
            timeout=PATIENCE,
        )
        pids = running.processes()
        assert set(pids) == {"gateway", "dashboard"}
        running.kill()
        eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids.values()), "no child is left")
    with started(tmp_path) as running:
        assert running.wait_for(host="hooks.partner.test")[0]["verdict"] == "capture"
        signs_in_once(running)
        stops_cleanly(running, signal.SIGINT)


def up_that_fails(folder: Path, *options: str, **more: str) -> subprocess.CompletedProcess[str]:
    words = command("up", *options)
    environ = environment(folder / "data", more)
    return subprocess.run(words, env=environ, capture_output=True, text=True, timeout=300, cwd=folder, check=False)


def test_second_one_on_the_same_directory(gateway: Running) -> None:
    ended = subprocess.run(command("up"), env=gateway.environ, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 2
    assert ended.stderr.startswith(
        f"soundstage: error: another Soundstage runs on the data directory {gateway.data_dir}\n"
    )
    assert (gateway.data_dir / "addresses.json").exists()


@pytest.mark.parametrize("name", ["PROXY", "DNS", "DASHBOARD"])
def test_port_in_use(tmp_path: Path, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = up_that_fails(tmp_path, **{f"SOUNDSTAGE_{name}_PORT": str(port)})
    assert ended.returncode == 2
    first, hint, *more = ended.stderr.splitlines()
    assert not more, ended.stderr
    assert first.startswith("soundstage: error: the ")
    assert f"127.0.0.1:{port}" in first
    assert hint == f"soundstage: hint: set SOUNDSTAGE_{name}_PORT to a free one, or to 0 for any"
    assert not (tmp_path / "data" / "addresses.json").exists()


POLICY = """\
version: 1
opt_in:
  - id: {id}
    to: api.weather.test
    why: forecasts
    owner: logistics
    expires: {expires}
"""


def policy_text(name: str) -> str:
    return POLICY.format(id=name, expires=time.strftime("%Y-%m-%d", time.gmtime(time.time() + 30 * 86400)))


def rule(running: Running) -> str:
    with running.api() as api:
        told = api.post("/api/policy/explain", json={"method": "GET", "url": "http://api.weather.test/"})
    return str(told.json()["rule"])


def test_policy_is_reloaded_and_a_bad_one_keeps_the_old_in_force(tmp_path: Path) -> None:
    with started(tmp_path, policy=policy_text("first")) as running:
        file = running.policy
        assert rule(running) == "first"
        file.write_text(policy_text("second-one"))
        eventually(lambda: rule(running) == "second-one", "the changed file is in force")
        file.write_text("version: 1\nopt_in: nonsense\n")
        running.process.send_signal(signal.SIGHUP)
        eventually(lambda: not ready(running), "the refused file shows in readiness")
        assert rule(running) == "second-one"
        with running.api() as api:
            assert "policy.yaml:2" in str(api.get("/readyz").json()["missing"])
        file.write_text(policy_text("third"))
        eventually(lambda: ready(running) and rule(running) == "third", "a good file mends it")
        stops_cleanly(running, signal.SIGTERM)


def test_opt_in_that_leads_to_ourselves_stops_the_start(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    diverted = f"    divert: http://127.0.0.1:{port}\n    addresses: [127.0.0.0/8]\n    why"
    text = policy_text("loop").replace("    why", diverted)
    (tmp_path / "policy.yaml").write_text(text)
    ended = up_that_fails(tmp_path, "--policy", "policy.yaml", SOUNDSTAGE_HTTP_PORT=str(port))
    assert ended.returncode == 2
    assert "opt_in[0].divert" in ended.stderr
