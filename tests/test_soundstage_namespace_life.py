"""From start to end: exit codes, signals, the terminal, what outlives the command, and a launcher that is killed."""

import contextlib
import fcntl
import json
import os
import pty
import signal
import socket
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest
from contained_stage import Alone, alone_as
from run_stage import NOBODY, why_not
from running import eventually

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or why_not() is not None,
    reason=f"contained commands of an ordinary user cannot be tried here: {why_not() or 'it needs root'}",
)
SECONDS = 60.0


@pytest.fixture(scope="module")
def alone() -> Iterator[Alone]:
    with alone_as(NOBODY) as made:
        yield made


def running(mark: str) -> list[int]:
    """Processes of this machine, in whatever namespace, with a word in their command line."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if mark.encode() in path.read_bytes().split(b"\0"):
                found.append(int(path.parent.name))
    return found


@pytest.mark.parametrize(
    ("command", "code"),
    [
        pytest.param("exit 0", 0, id="good"),
        pytest.param("exit 7", 7, id="its-own"),
        pytest.param("kill -TERM $$", 128 + signal.SIGTERM, id="ended-by-a-signal"),
        pytest.param("exec /nowhere/at/all", 127, id="not-found-by-a-shell"),
    ],
)
def test_exit_code_is_the_commands_own(alone: Alone, command: str, code: int) -> None:
    assert alone.run("sh", "-c", command).returncode == code


def test_stdin_stdout_and_stderr_are_the_commands(alone: Alone) -> None:
    done = alone.run("sh", "-c", "tr a-z A-Z; echo aside >&2", given="said\n")
    assert done.stdout == "SAID\n"
    assert done.stderr.splitlines()[0] == "aside"


def test_what_outlives_the_command_is_ended(alone: Alone) -> None:
    mark, there = f"soundstage-outlives-{os.getpid()}", alone.folder / "outlives"
    stubborn = f"trap '' TERM; sleep 1000 & touch {there}; wait; sleep 1000"
    script = f'setsid sh -c "{stubborn}" {mark} </dev/null >/dev/null 2>&1 & sleep 1001 &\n'
    done = alone.run("sh", "-c", script + f"until [ -e {there} ]; do sleep 0.02; done")
    told = json.loads(done.stderr.splitlines()[-1])
    assert told["outlived"] >= 3
    assert not running(mark)


def test_a_signal_to_the_launcher_is_the_commands(alone: Alone) -> None:
    script = "trap 'echo asked; exit 3' TERM; echo ready; while :; do sleep 0.05; done"
    with subprocess.Popen(
        alone.words("sh", "-c", script), **alone.started(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as launched:
        assert launched.stdout is not None
        assert launched.stdout.readline() == "ready\n"
        launched.send_signal(signal.SIGTERM)
        assert launched.stdout.read() == "asked\n"
        assert launched.wait(SECONDS) == 3


LATE = """
import socket, sys, time
print("ready", flush=True)
while True:
    try:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(sys.argv[1])
    except FileNotFoundError:
        pass
    except OSError as stopped:
        print(stopped.strerror)
        break
    time.sleep(0.02)
"""


def test_a_socket_bound_meanwhile_is_hidden_too(alone: Alone) -> None:
    path = str(alone.folder / "late.sock")
    words = alone.words(sys.executable, "-c", LATE, path)
    with (
        subprocess.Popen(words, **alone.started(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as launched,
        socket.socket(socket.AF_UNIX) as late,
    ):
        assert launched.stdout is not None
        assert launched.stdout.readline() == "ready\n"
        before = os.umask(0)  # a moment without its powers would be another refusal
        late.bind(path)
        os.umask(before)
        late.listen(10_000)
        assert launched.wait(SECONDS) == 0
        assert launched.stdout.read() == "Connection refused\n"


def test_a_socket_bound_between_the_decision_and_the_start_is_hidden_too(alone: Alone) -> None:
    path, named = str(alone.folder / "between.sock"), alone.folder / "late"
    named.write_text(path)
    try:
        done = alone.run("sh", "-c", f"timeout {SECONDS:g} {sys.executable} -c '{LATE}' {path}")
    finally:
        named.unlink()
    assert (done.returncode, done.stdout) == (0, "ready\nConnection refused\n")


def test_nothing_survives_a_launcher_that_is_killed(alone: Alone) -> None:
    mark = f"soundstage-orphan-{os.getpid()}"
    words = alone.words("sh", "-c", "echo ready; sleep 1000", mark)
    with subprocess.Popen(words, **alone.started(), stdout=subprocess.PIPE) as launched:
        assert launched.stdout is not None
        assert launched.stdout.readline() == "ready\n"
        assert len(running(mark)) >= 2
        launched.kill()
    eventually(lambda: not running(mark), "nothing of it is left")


def test_signals_ignored_before_stay_ignored(alone: Alone) -> None:
    words = alone.words("sh", "-c", "kill -HUP $$; echo still here")
    shell = ["sh", "-c", 'trap "" HUP; exec "$@"', "sh", *words]
    done = subprocess.run(shell, **alone.started(), capture_output=True, timeout=300, check=True)
    assert done.stdout == "still here\n"


@contextlib.contextmanager
def on_a_terminal(alone: Alone, script: str) -> Iterator[tuple[int, int]]:
    """The launcher's process and the terminal it has, as a shell's foreground job would."""
    words, started = alone.words(sys.executable, "-uc", script), alone.started()
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(started["cwd"])
        os.execvpe(words[0], words, started["env"])
    try:
        yield pid, terminal
    finally:
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        os.close(terminal)


def heard(terminal: int, words: bytes) -> bytes:
    """What was printed until `words` were."""
    seen = b""
    while words not in seen:
        piece = os.read(terminal, 4096)
        assert piece, seen
        seen += piece
    return seen


ECHO = """
import os, signal, sys, time
signal.signal(signal.SIGINT, lambda *_: print("interrupted"))
signal.signal(signal.SIGWINCH, lambda *_: print("resized to", os.get_terminal_size().columns))
print("ready, mine:", os.tcgetpgrp(0) == os.getpgrp())
for line in iter(lambda: os.read(0, 100), b""):
    print("read", line.decode().strip())
"""


def test_the_terminal_is_the_commands_and_comes_back(alone: Alone) -> None:
    """Ctrl-C, a resize, input, Ctrl-Z and what a shell's `fg` does."""
    with on_a_terminal(alone, ECHO) as (launcher, terminal):
        assert b"mine: True" in heard(terminal, b"mine: True")
        os.write(terminal, b"\x03")
        heard(terminal, b"interrupted")
        os.write(terminal, b"hello\n")
        heard(terminal, b"read hello")
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 20, 77, 0, 0))
        heard(terminal, b"resized to 77")
        os.write(terminal, b"\x1a")
        _, status = os.waitpid(launcher, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        assert os.tcgetpgrp(terminal) == launcher
        os.kill(launcher, signal.SIGCONT)
        os.write(terminal, b"again\n")
        heard(terminal, b"read again")
        os.write(terminal, b"\x04")
        heard(terminal, b'"code": 0')


def test_typing_for_the_shell_outside_is_refused(alone: Alone) -> None:
    script = "import fcntl\ntry:\n fcntl.ioctl(0, 0x5412, b'x')\nexcept OSError as no:\n print('typed:', no.errno)"
    with on_a_terminal(alone, script) as (_, terminal):
        assert b"typed: 1" in heard(terminal, b'"code"')
