"""What the client changes around an application and puts back; where it finds Soundstage; and Python 3.9."""

import ast
import importlib
import json
import subprocess
import sys
from pathlib import Path

import certifi
import pytest
from pytest_soundstage.handed_on import HandedOn, handed_on, worker_id
from pytest_soundstage.own_gateway import command
from pytest_soundstage.place import Place, found, named
from pytest_soundstage.trouble import Unanswered
from pytest_soundstage.trusted import Trusted
from pytest_soundstage.variables import Variables, usable

CLIENT = Path(__file__).resolve().parent.parent / "client" / "src" / "pytest_soundstage"


@pytest.mark.parametrize("module", sorted(CLIENT.glob("*.py")), ids=lambda path: path.stem)
def test_every_module_is_python_3_9(module: Path) -> None:
    tree = ast.parse(module.read_text(), feature_version=(3, 9))
    assert ast.get_docstring(tree)
    # `X | None` in annotations is fine where they are never evaluated.
    names = {alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert "annotations" in names or not any(
        isinstance(node, ast.AnnAssign | ast.FunctionDef) for node in ast.walk(tree)
    )


def test_it_depends_on_httpx_alone() -> None:
    known = {"httpx", "pytest", "pytest_soundstage", *sys.stdlib_module_names}
    imported = {
        name.split(".")[0]
        for path in CLIENT.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported <= known


def test_it_works_as_a_library_where_there_is_no_pytest() -> None:
    code = "import sys; sys.modules['pytest'] = None; import pytest_soundstage; print(pytest_soundstage.Soundstage)"
    told = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(CLIENT.parent)}, capture_output=True, text=True, check=True
    )
    assert "pytest_soundstage.soundstage.Soundstage" in told.stdout


def test_javas_own_options_stay_in_front_of_the_runs() -> None:
    environ = {"JAVA_TOOL_OPTIONS": "-Xmx1g"}
    variables = Variables(environ)
    for _ in range(2):
        variables.put({"JAVA_TOOL_OPTIONS": "-Dhttp.proxyHost=h", "PHP_INI_SCAN_DIR": ":/data/php"})
        assert environ == {"JAVA_TOOL_OPTIONS": "-Xmx1g -Dhttp.proxyHost=h", "PHP_INI_SCAN_DIR": ":/data/php"}
    variables.restore()
    assert environ == {"JAVA_TOOL_OPTIONS": "-Xmx1g"}


def test_variables_are_put_and_restored() -> None:
    environ = {"HTTP_PROXY": "http://corporate:3128", "HOME": "/root"}
    variables = Variables(environ)
    variables.put({"HTTP_PROXY": "http://r:t@127.0.0.1:8080", "SMTP_HOST": "127.0.0.1"})
    variables.put({"SMTP_HOST": "127.0.0.2"})
    assert environ == {"HTTP_PROXY": "http://r:t@127.0.0.1:8080", "HOME": "/root", "SMTP_HOST": "127.0.0.2"}
    variables.restore()
    assert environ == {"HTTP_PROXY": "http://corporate:3128", "HOME": "/root"}


def test_variables_of_files_that_are_elsewhere_are_left_out(tmp_path: Path) -> None:
    here = tmp_path / "ca.pem"
    here.write_text("")
    told = {"SSL_CERT_FILE": "/on/the/gateway.pem", "NODE_EXTRA_CA_CERTS": str(here), "SMTP_PORT": "25"}
    assert usable(told) == ({"NODE_EXTRA_CA_CERTS": str(here), "SMTP_PORT": "25"}, ["SSL_CERT_FILE"])


def test_libraries_with_certificates_of_their_own_are_pointed_elsewhere_and_back(tmp_path: Path) -> None:
    """One that is imported already, and one that is imported while it lasts."""
    package = tmp_path / "stripe"
    package.mkdir()
    (package / "__init__.py").write_text("ca_bundle_path = '/own'\n")
    before, kept = certifi.where(), {name: sys.modules.pop(name) for name in list(sys.modules) if name == "stripe"}
    trusted = Trusted("/bundle.pem")
    sys.path.insert(0, str(tmp_path))
    trusted.start()
    try:
        importlib.invalidate_caches()
        stripe = importlib.import_module("stripe")
        assert (certifi.where(), certifi.core.where(), stripe.ca_bundle_path) == ("/bundle.pem",) * 3
    finally:
        trusted.stop()
        sys.path.remove(str(tmp_path))
        sys.modules.pop("stripe", None)
        sys.modules.update(kept)
    assert (certifi.where(), stripe.ca_bundle_path) == (before, "/own")
    assert trusted not in sys.meta_path


def test_place_is_found_by_variables_or_by_the_data_directory(tmp_path: Path) -> None:
    assert found({"SOUNDSTAGE_URL": "http://x:1/", "SOUNDSTAGE_TOKEN": "t"}) == Place("http://x:1", "t")
    data = tmp_path / "soundstage-data"
    data.mkdir()
    (data / "addresses.json").write_text(json.dumps({"dashboard": "http://127.0.0.1:8025"}))
    with pytest.raises(Unanswered, match=r"token in .*admin.token cannot be read"):
        found({}, tmp_path)
    (data / "admin.token").write_text("secret\n")
    assert found({}, tmp_path) == found({"SOUNDSTAGE_DATA_DIR": str(data)}) == Place("http://127.0.0.1:8025", "secret")
    assert "secret" not in repr(found({}, tmp_path))


def test_a_program_may_name_it_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOUNDSTAGE_URL", "http://x:1")
    monkeypatch.setenv("SOUNDSTAGE_TOKEN", "t")
    assert named(None, None) == Place("http://x:1", "t")
    assert named(None, "other") == Place("http://x:1", "other")
    assert named("http://y:2/", None) == Place("http://y:2", "t")
    monkeypatch.delenv("SOUNDSTAGE_TOKEN")
    with pytest.raises(Unanswered, match="a token is needed for the Soundstage at http://y:2"):
        named("http://y:2", None)


LOST = [
    pytest.param({}, "no Soundstage runs on", id="nowhere"),
    pytest.param({"SOUNDSTAGE_URL": "http://x"}, "SOUNDSTAGE_TOKEN is not", id="no-token"),
]


@pytest.mark.parametrize(("environ", "why"), LOST)
def test_no_place(tmp_path: Path, environ: dict[str, str], why: str) -> None:
    with pytest.raises(Unanswered, match=why):
        found(environ, tmp_path)
    (tmp_path / "addresses.json").write_text("[]")
    with pytest.raises(Unanswered, match=r"addresses.json cannot be read"):
        found({"SOUNDSTAGE_DATA_DIR": str(tmp_path)})


def test_workers_are_told_by_a_variable() -> None:
    told = HandedOn(Place("http://x:1", "t"), "ci-1")
    assert handed_on({**told.as_variable(), "PYTEST_XDIST_WORKER": "gw3"}) == told
    assert handed_on(told.as_variable()) is None
    assert worker_id({"PYTEST_XDIST_WORKER": "gw3"}) == "gw3"


def test_the_command_that_starts_a_soundstage(tmp_path: Path) -> None:
    assert command({"SOUNDSTAGE_COMMAND": "docker run 'my image'"}) == ["docker", "run", "my image"]
    assert command({}) == [sys.executable, "-m", "soundstage"]
