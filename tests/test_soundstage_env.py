"""`soundstage env`: whose variables it prints, how, and for a run its credentials where applications look for them."""

import json
import shlex
import subprocess
import sys

import pytest
from running import Running
from runs_stage import begun


@pytest.fixture(scope="module")
def everybodys(gateway: Running) -> dict[str, str]:
    return gateway.env()


def test_the_variables_of_a_run_hold_its_credentials(gateway: Running, everybodys: dict[str, str]) -> None:
    run = begun(gateway)
    variables = json.loads(gateway.run("env", "--run", run.id, "--json").stdout)
    assert variables == run.told["variables"]
    assert variables["HTTPS_PROXY"] == run.told["proxy"]["url"]
    assert (variables["SMTP_USERNAME"], variables["SMTP_PASSWORD"]) == (run.id, run.told["token"])
    assert variables["SOUNDSTAGE_TOKEN"] == run.told["api_token"]
    assert variables.keys() >= everybodys.keys()
    run.post("finish")
    over = gateway.run("env", "--run", run.id)
    assert (over.returncode, over.stdout) == (2, "")
    assert over.stderr == (
        f"soundstage: error: the run '{run.id}' is finished: nothing would be booked to it any more\n"
    )
    assert gateway.run("env", "--run", "nobody").returncode == 2


def test_some_runtimes_alone(gateway: Running) -> None:
    told = json.loads(gateway.run("env", "--runtime", "java, cargo", "--json").stdout)
    assert {"JAVA_TOOL_OPTIONS", "CARGO_HTTP_CAINFO", "HTTPS_PROXY", "SMTP_HOST"} <= told.keys()
    assert not {"NODE_EXTRA_CA_CERTS", "PHP_INI_SCAN_DIR", "AWS_CA_BUNDLE"} & told.keys()


def test_a_runtime_that_is_not_known_is_refused(gateway: Running) -> None:
    told = gateway.run("env", "--runtime", "java,cobol")
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr.startswith(
        "soundstage: error: --runtime java,cobol: no variables are known for 'cobol'\n"
        "soundstage: hint: known are aws, bun, cargo, curl,"
    )


def test_a_shell_has_every_variable_however_it_evaluates_them(gateway: Running, everybodys: dict[str, str]) -> None:
    told = gateway.run("env").stdout
    assert "#" not in told, "an unquoted eval would take all that follows for a comment"
    for evaluated in ('eval "$TOLD"', "eval $TOLD"):
        script = f'TOLD={shlex.quote(told)}\n{evaluated}\nexec "$@"'
        words = ["sh", "-c", script, "sh", sys.executable, "-c", "import json, os; print(json.dumps(dict(os.environ)))"]
        read = subprocess.run(words, env={}, capture_output=True, text=True, check=True).stdout
        assert json.loads(read).items() >= everybodys.items()


def test_each_variable_is_explained_where_that_is_asked_for(gateway: Running) -> None:
    lines = gateway.run("env", "--explain", "--runtime", "java").stdout.splitlines()
    assert lines[0] == "# Java reads no proxy variables, and brings its own certificates"
    assert lines[1].startswith("export JAVA_TOOL_OPTIONS=")
    assert [line.startswith("# ") for line in lines] == [True, False] * (len(lines) // 2)


def test_reasons_for_programs(gateway: Running) -> None:
    told = json.loads(gateway.run("env", "--explain", "--json").stdout)
    assert told["DENO_CERT"] == {"value": str(gateway.ca), "why": "Deno adds these to its own certificates"}


def test_what_java_and_php_were_told_before_is_kept(gateway: Running, everybodys: dict[str, str]) -> None:
    before = {"JAVA_TOOL_OPTIONS": "-Xmx1g -Dhttp.proxyHost=corporate", "PHP_INI_SCAN_DIR": "/mine"}
    told = json.loads(gateway.run("env", "--json", **before).stdout)
    assert told["JAVA_TOOL_OPTIONS"] == f"-Xmx1g {everybodys['JAVA_TOOL_OPTIONS']}"
    assert told["PHP_INI_SCAN_DIR"] == f"/mine{everybodys['PHP_INI_SCAN_DIR']}"
