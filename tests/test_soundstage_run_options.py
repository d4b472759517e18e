"""The options of `soundstage run`: services let in, expectations and the exit code, and what is refused beforehand."""

import shutil
import socket
import sys
from contextlib import ExitStack
from pathlib import Path
from threading import Thread

import pytest
from run_stage import RunStage, why_not
from running import PATIENCE, Running

pytestmark = pytest.mark.skipif(why_not() is not None, reason=f"commands cannot be contained here: {why_not()}")
CHARGE = "https://api.stripe.com/v1/charges"


@pytest.fixture(scope="module")
def house(gateway: Running, tmp_path_factory: pytest.TempPathFactory) -> RunStage:
    return RunStage(gateway, tmp_path_factory.mktemp("run"))


def answers(listening: socket.socket) -> None:
    with listening:
        sock, _ = listening.accept()
        with sock:
            sock.sendall(b"from outside")


def test_services_are_let_in_by_name_and_recorded(house: RunStage) -> None:
    with ExitStack() as held:
        by_port = held.enter_context(socket.create_server(("127.0.0.1", 0)))
        path = str(house.home / "service.sock")
        by_path = held.enter_context(socket.socket(socket.AF_UNIX))
        by_path.bind(path)
        held.callback(Path(path).unlink)
        by_path.listen()
        shutil.chown(path, house.user)
        port = by_port.getsockname()[1]
        threads = [Thread(target=answers, args=(listening,), daemon=True) for listening in (by_port, by_path)]
        for thread in threads:
            thread.start()
        script = (
            f"import socket, urllib.request as u, os\nprint(socket.create_connection(('localhost', {port})).recv(99))\n"
            f"s = socket.socket(socket.AF_UNIX); s.connect({path!r}); print(s.recv(99))\n"
            "asked = u.Request(f\"{os.environ['SOUNDSTAGE_URL']}/api/runs/{os.environ['SOUNDSTAGE_RUN']}\",\n"
            "    headers={'authorization': f\"Bearer {os.environ['SOUNDSTAGE_TOKEN']}\"})\n"
            "print(u.build_opener(u.ProxyHandler({})).open(asked).status)"
        )
        options = ("--service", str(port), "--service", path)
        run, printed = house.told(sys.executable, "-c", script, options=options)
        for thread in threads:
            thread.join(PATIENCE)
    assert printed.splitlines() == ["b'from outside'", "b'from outside'", "200"]
    assert run["services"] == [str(port), path]
    assert run["counts"]["captures"] == 0


EXPECTED = "version: 1\nexpect:\n  - payment: {operation: charge.create, amount: 4200}\n    count: %d\n"


@pytest.mark.parametrize(
    ("count", "own", "code"),
    [
        pytest.param(1, 0, 0, id="as-expected"),
        pytest.param(2, 0, 1, id="not-as-expected"),
        pytest.param(2, 7, 7, id="the-commands-own-code-comes-first"),
    ],
)
def test_exit_code_with_expectations(house: RunStage, count: int, own: int, code: int) -> None:
    (house.home / "expect.yaml").write_text(EXPECTED % count)
    script = f"curl -sS {CHARGE} -d amount=4200 >/dev/null; exit {own}"
    done = house.run("bash", "-c", script, options=("--expect", "expect.yaml"))
    assert done.returncode == code, done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("options", "says"),
    [
        pytest.param(("--service", "PROXY"), "Soundstage's own port", id="own-port"),
        pytest.param(("--data-dir", "/nowhere"), "no Soundstage runs on /nowhere", id="no-soundstage"),
        pytest.param(("--expect", "/etc/hostname"), "/etc/hostname", id="no-expectations"),
    ],
)
def test_refused_before_the_command_is_started(house: RunStage, options: tuple[str, ...], says: str) -> None:
    port = house.gateway.addresses["proxy"].rpartition(":")[2]
    given = tuple(word.replace("PROXY", port) for word in options)
    done = house.run("touch", "started", options=given)
    assert done.returncode == 2, done.stderr
    assert says in done.stderr
    assert not (house.home / "started").exists()
