"""The command line against a running Soundstage: what was sent is listed, shown, exported and purged."""

import json
import smtplib
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from free_ports import nobody
from running import PATIENCE, Running


def post(running: Running, host: str, content: bytes = b"{}") -> str:
    """A webhook through the proxy; its capture's id."""
    with httpx.Client(proxy=f"http://{running.addresses['proxy']}", trust_env=False, timeout=PATIENCE) as client:
        answer = client.post(f"http://{host}/hook", content=content)
    assert answer.status_code == 200, answer.text
    return answer.headers["soundstage-capture"]


def test_listed_for_people(gateway: Running) -> None:
    capture = post(gateway, "list.partner.test")
    told = gateway.run("captures", "list", "--host", "list.partner.test")
    heads, row = told.stdout.splitlines()
    assert heads.split() == ["at", "verdict", "channel", "what", "where", "id"]
    assert row.split()[1:] == ["capture", "webhook", "POST", "/hook", "list.partner.test", capture]


def test_listed_for_programs_in_pages(gateway: Running) -> None:
    sent = [post(gateway, "pages.partner.test") for _ in range(5)]
    told = json.loads(gateway.run("captures", "list", "--json", "--host", "pages.partner.test", "--limit", "3").stdout)
    assert [item["id"] for item in told] == sent[:1:-1]


def test_shown_whole(gateway: Running) -> None:
    capture = post(gateway, "show.partner.test", b'{"order": 7}')
    told = json.loads(gateway.run("captures", "show", capture).stdout)
    assert told["target"]["host"] == "show.partner.test"
    assert told["left"] is False


def test_exported_as_json_lines_and_never_over_a_file(gateway: Running, tmp_path: Path) -> None:
    capture = post(gateway, "export.partner.test")
    output = tmp_path / "captures.jsonl"
    words = ("captures", "export", "--host", "export.partner.test", "--output", str(output))
    assert gateway.run(*words).returncode == 0
    assert [json.loads(line)["id"] for line in output.read_text().splitlines()] == [capture]
    again = gateway.run(*words)
    said = f"soundstage: error: --output {output} is there already\nsoundstage: hint: name a new file, or remove it\n"
    assert (again.returncode, again.stderr) == (2, said)


def test_purged_by_filter_alone(gateway: Running) -> None:
    post(gateway, "purge.partner.test")
    kept = post(gateway, "kept.partner.test")
    assert gateway.run("captures", "purge", "--host", "purge.partner.test").stdout == "1 capture deleted\n"
    left = json.loads(gateway.run("captures", "list", "--json", "--host", "*.partner.test").stdout)
    ids = [item["id"] for item in left]
    assert kept in ids
    assert "purge.partner.test" not in {item["target"]["host"] for item in left}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(("purge",), "purge without a filter would delete every capture", id="purge-everything"),
        pytest.param(("list", "--limit", "0"), "--limit 0: must be 1 or more", id="no-limit"),
        pytest.param(("list", "--verdict", "maybe"), "verdict", id="unknown-verdict"),
        pytest.param(("show", "nothing"), "There is no capture 'nothing'", id="unknown-capture"),
    ],
)
def test_bad_input_is_2(gateway: Running, words: tuple[str, ...], message: str) -> None:
    told = gateway.run("captures", *words)
    assert told.returncode == 2
    assert told.stderr.startswith("soundstage: error: ")
    assert message in told.stderr


def test_wrong_token_is_2(gateway: Running) -> None:
    told = gateway.run("captures", "list", SOUNDSTAGE_TOKEN="not-the-token-at-all")
    assert told.returncode == 2
    assert "does not accept the token" in told.stderr


def test_found_by_url_and_token_from_anywhere(gateway: Running, tmp_path: Path) -> None:
    capture = post(gateway, "url.partner.test")
    where = {"SOUNDSTAGE_URL": gateway.addresses["dashboard"], "SOUNDSTAGE_TOKEN": gateway.token}
    told = gateway.run("captures", "show", capture, SOUNDSTAGE_DATA_DIR=str(tmp_path), **where)
    assert json.loads(told.stdout)["id"] == capture


def test_gateway_that_is_gone_is_2(gateway: Running, tmp_path: Path) -> None:
    """Killed, so that its files still name it."""
    with nobody() as held:
        gone = gateway.addresses | {"dashboard": f"http://127.0.0.1:{held.getsockname()[1]}"}
        (tmp_path / "addresses.json").write_text(json.dumps(gone))
        (tmp_path / "admin.token").write_text(gateway.token)
        told = gateway.run("captures", "list", SOUNDSTAGE_DATA_DIR=str(tmp_path))
    assert told.returncode == 2
    assert "soundstage: error: Soundstage does not answer at http://127.0.0.1:" in told.stderr


def test_env_routes_a_program_that_knows_nothing_of_soundstage(gateway: Running) -> None:
    """httpx reads HTTPS_PROXY and SSL_CERT_FILE; the variables alone make an https call a capture."""
    asked = "httpx.post('https://env.partner.test/x', timeout=60)"
    program = f"import httpx; print({asked}.headers['soundstage-capture'])"
    environ = {**gateway.env(), "PATH": "/usr/bin:/bin"}
    told = subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True, text=True, timeout=300)
    assert told.returncode == 0, told.stderr
    assert gateway.wait_for(host="env.partner.test")[0]["id"] == told.stdout.strip()


def test_env_names_the_mail_server(gateway: Running) -> None:
    routed = gateway.env()
    with smtplib.SMTP(routed["SMTP_HOST"], int(routed["SMTP_PORT"])) as client:
        client.sendmail("a@shop.test", ["ann@env.test"], b"Subject: Welcome\r\n\r\nHello")
    assert gateway.wait_for(to="ann@env.test")[0]["facts"]["subject"] == "Welcome"


def test_ca_is_printed_and_located(gateway: Running) -> None:
    assert gateway.run("ca", "path").stdout.strip() == str(gateway.ca)
    assert gateway.run("ca", "print").stdout.strip() == gateway.ca.read_text().strip()


def test_policy_is_explained_by_the_running_one(gateway: Running) -> None:
    told = gateway.run("policy", "explain", "--json", "POST", "https://hooks.partner.test/x")
    explained = json.loads(told.stdout)
    assert (explained["verdict"], explained["rule"]) == ("capture", "default:webhook")
    mail = json.loads(gateway.run("policy", "explain", "--json", "mail:ann@example.test").stdout)
    assert mail["rule"] == "default:email"
