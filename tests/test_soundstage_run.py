"""`soundstage run` as root and as an ordinary user, against a Soundstage of the same user."""

import json
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from run_stage import NOBODY, RunStage, run_stage, why_not
from running import PROJECT

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user as well"),
    pytest.mark.skipif(why_not() is not None, reason=f"commands cannot be contained here: {why_not()}"),
]
CHARGE = "https://api.stripe.com/v1/charges"
JAVA = """
import java.net.*;
public class Charge { public static void main(String[] words) throws Exception {
    for (int left = 9; ; left--) try {
        HttpURLConnection asked = (HttpURLConnection) new URL("https://api.stripe.com/v1/payouts").openConnection();
        asked.setDoOutput(true);
        asked.getOutputStream().write("amount=7&currency=eur".getBytes());
        System.out.println(asked.getResponseCode());
        return;
    } catch (SocketException late) { if (left == 0) throw late; }
} }
"""
"""It asks again: who says nothing for two seconds is refused, and on a busy machine it loads its TLS as long."""
NODE = """
const asked = require("https").request({host: "api.stripe.com", path: "/v1/customers", method: "POST"}, (answer) => {
  console.log(answer.statusCode); answer.resume(); });
asked.end("email=a@b.example");
"""
PYTHON = "import stripe; stripe.api_key = 'sk_test_x'; print(stripe.PaymentIntent.create(amount=5, currency='eur').id)"
SYSTEM_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


@dataclass
class Told:
    """One run of several programs: what it said of itself, what they printed, what was captured."""

    run: dict[str, Any]
    printed: dict[str, str]
    aside: dict[str, str]
    """What each said on stderr."""
    captures: list[dict[str, Any]]

    def operations(self) -> list[str | None]:
        return [capture.get("operation") for capture in self.captures]


@pytest.fixture(scope="module", params=["root", NOBODY])
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunStage]:
    if request.param == "root":
        yield RunStage(request.getfixturevalue("gateway"), tmp_path_factory.mktemp("root"))
        return
    with run_stage(request.param) as made:
        yield made


@pytest.fixture(scope="module")
def told(house: RunStage) -> Told:
    """Every program in one run: a run costs seconds."""
    (house.home / "Charge.java").write_text(JAVA)
    programs = {
        "curl": f"curl -sS {CHARGE} -d amount=4200",
        "python": f'{sys.executable} -c "{PYTHON}"',
        "node": f"node -e '{NODE}'",
        "java": "java Charge.java",
        "bash": "bash -c 'exec 3<>/dev/tcp/1.1.1.1/443; cat <&3' 2>&1",
        "battery": f"{sys.executable} {PROJECT}/tests/run_battery.py {SYSTEM_BUNDLE}",
    }
    there = {name: text for name, text in programs.items() if shutil.which(text.split()[0])}
    if house.user == "root":
        there = {name: there[name] for name in ("curl", "bash", "battery")}
    script = "\n".join(f"({text}) > {name}.out 2> {name}.err" for name, text in there.items()) + "\nexit 0"
    run, _ = house.told("bash", "-c", script, VIRTUAL_ENV=str(Path(sys.executable).parent.parent))
    printed = {name: (house.home / f"{name}.out").read_text() for name in there}
    aside = {name: (house.home / f"{name}.err").read_text() for name in there}
    return Told(run, printed, aside, house.gateway.captures(run=run["id"]))


ordinary_alone = pytest.mark.parametrize("house", [NOBODY], indirect=True, scope="module")
"""What differs for root is no matter of the language, and these take long."""


def attempts(told: Told) -> dict[str, str]:
    found: dict[str, str] = json.loads(told.printed["battery"])
    return found


def test_the_run_is_contained_and_its_canaries_arrived(told: Told) -> None:
    assert told.run["contained"] == "namespace"
    assert told.run["canaries"] == {"begin": {"http": True, "smtp": True}, "end": {"http": True, "smtp": True}}
    assert told.run["counts"]["left"] == 0
    assert not told.run["gaps"]


def test_curl_is_captured(told: Told) -> None:
    assert '"amount":4200' in told.printed["curl"], told.aside["curl"]
    assert "charge.create" in told.operations()


@ordinary_alone
def test_python_with_a_bundle_of_its_own_is_captured(told: Told) -> None:
    assert told.printed["python"].startswith("pi_"), told.aside["python"]
    assert "payment_intent.create" in told.operations()


@ordinary_alone
@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_node_is_captured(told: Told) -> None:
    assert told.printed["node"] == "200\n", told.aside["node"]
    assert "customer.create" in told.operations()


@ordinary_alone
@pytest.mark.skipif(shutil.which("java") is None, reason="java is not installed")
def test_java_is_captured(told: Told) -> None:
    assert told.printed["java"] == "200\n", told.aside["java"]
    assert "payout.create" in told.operations()


def test_a_raw_connection_is_refused_and_recorded(told: Told) -> None:
    assert "Connection reset" in told.printed["bash"]
    [found] = [one for one in told.captures if one["target"]["host"] == "1.1.1.1" and one["target"]["port"] == 443]
    assert (found["channel"], found["verdict"], found["left"]) == ("socket", "deny", False)


@pytest.mark.parametrize("attempt", ["direct", "direct-by-the-systems-bundle"])
def test_a_program_that_ignores_proxies_is_captured(told: Told, attempt: str) -> None:
    assert attempts(told)[attempt] == "refund"
    assert told.operations().count("refund.create") == 2


@pytest.mark.parametrize("attempt", ["own-resolver", "own-resolver-ipv6"])
def test_a_foreign_resolver_is_ours(told: Told, attempt: str) -> None:
    assert attempts(told)[attempt].startswith(("198.18.", "198.19."))
    assert any(one["channel"] == "dns" and "own-resolver" in one["target"]["host"] for one in told.captures)


def test_a_mail_straight_to_an_exchanger_is_captured(told: Told) -> None:
    assert attempts(told)["mail"] == "sent"
    assert "straight" in [one["facts"].get("subject") for one in told.captures if one["channel"] == "email"]


@pytest.mark.parametrize(("attempt", "host"), [("raw", "203.0.113.7"), ("raw-ipv6", "2001:db8::7")])
def test_a_protocol_that_is_none_of_ours_is_recorded(told: Told, attempt: str, host: str) -> None:
    assert "ConnectionResetError" in attempts(told)[attempt]
    assert [one["protocol"] for one in told.captures if one["target"]["host"] == host] == ["ssh"]


def test_udp_is_refused_and_counted(told: Told) -> None:
    assert attempts(told)["quic"].startswith("PermissionError")
    assert told.run["refused"]["udp"] >= 1


def test_loopback_among_its_own_processes_stays_its_own(told: Told) -> None:
    assert attempts(told)["own-server"] == "own"


def test_nothing_else_is_the_runs(told: Told) -> None:
    """Its probes are no captures, and every capture is its own."""
    assert len(told.captures) == told.run["counts"]["captures"]
    assert not [one for one in told.captures if "canary" in str(one["target"]["host"])]
    assert {one["run"] for one in told.captures} == {told.run["id"]}
