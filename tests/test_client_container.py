"""A Soundstage in a container, as far as it can be tried without an engine: a program in its place that fails or stays.

What a container really does is in `test_story_container.py`.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from node_packages import node
from pytest_soundstage import SoundstageContainer, Unanswered
from pytest_soundstage.container import A_RUNS, ENTRANCES
from pytest_soundstage.engine import Engine
from running import PROJECT, eventually

RUNNING = """#!{python}
# Takes an engine's words and writes them down. `run` lasts until `rm` has been asked for.
import pathlib, sys, time
here = pathlib.Path({here!r})
with (here / "asked").open("a") as asked:
    asked.write(" ".join(sys.argv[1:]) + "\\n")
if sys.argv[1] == "rm":
    (here / "removed").touch()
if sys.argv[1] == "run":
    print({says!r}, flush=True)
    until = time.monotonic() + 60
    while {lasts} and not (here / "removed").exists() and time.monotonic() < until:
        time.sleep(0.02)
    sys.exit(125)
"""


def engine(folder: Path, says: str, *, lasts: bool = False) -> str:
    program = folder / "docker"
    program.write_text(RUNNING.format(python=sys.executable, here=str(folder), says=says, lasts=lasts))
    program.chmod(0o755)
    return str(program)


def asked(folder: Path) -> list[str]:
    return (folder / "asked").read_text().splitlines()


UNDECIDED = "still making up its mind"
PATIENCES = (0.3, 3.0, 30.0)
"""Seconds until it has to be ready: the first in which the engine gets to speak, on the machine that this is."""


def test_what_the_engine_says_is_told(tmp_path: Path) -> None:
    program = engine(tmp_path, "Unable to find image 'soundstage:7' locally")
    with pytest.raises(Unanswered, match=r"soundstage:7 ended: Unable to find image(?s:.*)docker build -t soundstage"):
        SoundstageContainer(tag="7", engine=program).start()
    (run,) = (line for line in asked(tmp_path) if line.startswith("run "))
    assert "--pull never" in run
    assert run.endswith(" soundstage:7")


def test_a_port_that_somebody_took_is_another_try(tmp_path: Path) -> None:
    program = engine(tmp_path, "Bind for 127.0.0.1:40000 failed: port is already allocated")
    with pytest.raises(Unanswered, match="port is already allocated"):
        SoundstageContainer(engine=program).start()
    runs = [line for line in asked(tmp_path) if line.startswith("run ")]
    assert len({line.partition("PROXY_PORT=")[2].split()[0] for line in runs}) == len(runs) == 3


def not_ready(folder: Path, ready: float) -> str:
    """What is said of a container that does not become so."""
    container = SoundstageContainer(engine=engine(folder, UNDECIDED, lasts=True), ready=ready)
    with pytest.raises(Unanswered) as told:
        container.start()
    with pytest.raises(Unanswered, match="is not started"):
        _ = container.place
    container.stop()
    return str(told.value)


def not_ready_for_node(folder: Path, ready: float) -> str:
    """The same by the client for Node."""
    program = engine(folder, UNDECIDED, lasts=True)
    client = (PROJECT / "client" / "node" / "index.js").as_uri()
    code = f"const {{ SoundstageContainer }} = await import({client!r});\n"
    options = f"{{ engine: {program!r}, ready: {ready} }}"
    code += f"await SoundstageContainer.start({options}).catch((no) => console.log(no.message));"
    words = [node(), "--input-type=module", "-e", code]
    environ = {**os.environ, "TMPDIR": str(folder)}
    ended = subprocess.run(words, env=environ, capture_output=True, text=True, timeout=300, check=True)
    assert not list(folder.glob("soundstage-container-*"))
    return ended.stdout


@pytest.mark.parametrize("told", [not_ready, not_ready_for_node], ids=["python", "node"])
def test_what_is_not_ready_in_time_is_removed(tmp_path: Path, told: Callable[[Path, float], str]) -> None:
    for ready in PATIENCES:
        folder = tmp_path / f"{ready:g}"
        folder.mkdir()
        said = told(folder, ready)
        assert f"is not ready after {ready:g} s: " in said
        if UNDECIDED in said:
            break
    else:
        pytest.fail(f"the engine did not get to speak in {PATIENCES[-1]:g} s")
    run, removed = asked(folder)
    assert removed == f"rm --force --volumes {run.split()[3]}"


STARTS = {
    "python": "from pytest_soundstage import SoundstageContainer\nSoundstageContainer(engine={engine!r}).start()\n",
    "node": "const {{ SoundstageContainer }} = await import({client!r});\n"
    "await SoundstageContainer.start({{ engine: {engine!r} }});\n",
}


@pytest.mark.parametrize("language", STARTS)
def test_a_killed_process_leaves_neither_a_container_nor_a_folder(tmp_path: Path, language: str) -> None:
    program = engine(tmp_path, "on its way", lasts=True)
    client = (PROJECT / "client" / "node" / "index.js").as_uri()
    code = STARTS[language].format(engine=program, client=client)
    words = [sys.executable, "-c", code] if language == "python" else [node(), "--input-type=module", "-e", code]
    environ = {**os.environ, "PYTHONPATH": str(PROJECT / "client" / "src"), "TMPDIR": str(tmp_path)}
    with subprocess.Popen(words, env=environ) as started:
        began = tmp_path / "asked"
        eventually(lambda: began.exists() and any("run" in line for line in asked(tmp_path)), "it is on its way")
        (run, *_) = asked(tmp_path)
        assert len(list(tmp_path.glob("soundstage-container-*"))) == 1
        started.kill()
    eventually(lambda: f"rm --force --volumes {run.split()[3]}" in asked(tmp_path), "the container is removed")
    eventually(lambda: not list(tmp_path.glob("soundstage-container-*")), "the folder is removed")


def test_nothing_is_published_beyond_this_machine_and_no_secret_is_a_word(tmp_path: Path) -> None:
    with pytest.raises(Unanswered):
        SoundstageContainer(engine=engine(tmp_path, "no"), listeners=2, settings={"SOUNDSTAGE_KEEP_DAYS": "1"}).start()
    words = asked(tmp_path)[0].split()
    published = [words[at + 1] for at, word in enumerate(words) if word == "--publish"]
    assert len(published) == len(ENTRANCES) + 2 * A_RUNS
    assert all(place.startswith("127.0.0.1:") and place.split(":")[1] == place.split(":")[2] for place in published)
    assert "SOUNDSTAGE_KEEP_DAYS=1" in words
    assert not any("TOKEN=" in word for word in words)


def test_an_engine_that_is_not_there() -> None:
    with pytest.raises(Unanswered, match="there is no podman-x on PATH"):
        SoundstageContainer(engine="podman-x").start()


def test_an_engine_that_refuses() -> None:
    with pytest.raises(Unanswered, match="false exec x` failed"):
        Engine("false").ask("exec", "x", "cat")
