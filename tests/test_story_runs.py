"""Runs from outside: each sees its own and nothing else, whichever way it says who it is, and nobody passes for it."""

import asyncio
import base64
import hmac
import smtplib
import socket
from typing import Any

import dns.message
import httpx
import pytest
from running import Running
from runs_stage import MESSAGE, OneRun, begun, run_of

HOOK = "http://hooks.partner.test/orders"


def channels(run: OneRun, **filters: str) -> list[str]:
    return sorted(item["channel"] for item in run.captures(**filters))


def test_a_run_is_known_by_its_proxy_and_mail_credentials(gateway: Running) -> None:
    with run_of(gateway, name="checkout") as run, run_of(gateway) as other:
        with run.http() as client:
            client.post(HOOK, json={"n": 1})
            client.post("https://hooks.partner.test/orders", json={"n": 2})
        run.mail()
        run.post("settle", {"quiet": 0})
        assert channels(run) == ["email", "webhook", "webhook"]
        assert {item["run"] for item in run.captures()} == {run.id}
        assert other.captures() == []
        counts = run.shown()["counts"]
        assert counts == {
            "captures": 3,
            "left": 0,
            "channels": {"email": 1, "webhook": 2},
            "verdicts": {"capture": 3},
            "wrong_token": 0,
        }


def signed_in(run: OneRun, mechanism: str, user: str, password: str) -> None:
    known = run.told["smtp"]
    with smtplib.SMTP(known["host"], known["port"], timeout=60) as smtp:
        smtp.ehlo()
        smtp.user, smtp.password = user, password

        def answer(challenge: bytes | None = None) -> str:
            if mechanism == "PLAIN":
                return f"\0{user}\0{password}"
            if mechanism == "XOAUTH2":
                return f"user={user}\1auth=Bearer {password}\1\1"
            if mechanism == "CRAM-MD5":
                assert challenge is not None
                return f"{user} {hmac.digest(password.encode(), challenge, 'md5').hex()}"
            return user if challenge == b"Username:" else password

        smtp.auth(mechanism, answer, initial_response_ok=mechanism in ("PLAIN", "XOAUTH2"))
        smtp.sendmail("shop@shop.test", ["ann@example.test"], MESSAGE)


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2"])
def test_every_mail_sign_in_is_proved(gateway: Running, mechanism: str) -> None:
    with run_of(gateway) as run:
        signed_in(run, mechanism, run.id, run.told["token"])
        signed_in(run, mechanism, run.id, "a guess")
        run.post("settle", {"quiet": 0})
        assert channels(run) == ["email"]
        shown = run.shown()
        assert shown["counts"]["wrong_token"] == 1
        assert shown["unattributed"]["channels"] == {"email": 1}


def test_a_wrong_token_and_a_finished_run_are_nobodys(gateway: Running) -> None:
    run = begun(gateway)
    place = run.told["proxy"]
    with run.http() as kept, run.http(proxy=f"http://{run.id}:guess@{place['host']}:{place['port']}") as guessing:
        wrong = guessing.post(HOOK, json={}).headers["soundstage-capture"]
        kept.post(HOOK, json={})
        told = run.post("finish", {"verdict": "violated"})
        assert (told["verdict"], told["counts"]["captures"], told["counts"]["wrong_token"]) == ("violated", 1, 1)
        assert told["unattributed"]["captures"] >= 1
        late = kept.post(HOOK, json={}).headers["soundstage-capture"]
    again = run.post("finish", {"verdict": "clean"})
    assert (again["verdict"], again["finished_at"]) == ("violated", told["finished_at"]), "finishing twice is once"
    assert "token" not in again
    with gateway.api() as api:
        seen = {one: api.get(f"/api/captures/{one}").json() for one in (wrong, late)}
    assert [item["run"] for item in seen.values()] == ["unattributed", "unattributed"]
    assert [item["flags"].count("wrong_run_token") for item in seen.values()] == [1, 0]
    assert len(run.captures()) == 1


def look_up(place: str, name: str) -> None:
    """Over UDP."""
    host, _, port = place.rpartition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(30)
        asking.sendto(dns.message.make_query(name, "A").to_wire(), (host, int(port)))
        assert dns.message.from_wire(asking.recv(4096)).answer


def ask_by_socks(place: str, name: str) -> None:
    host, _, port = place.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=60) as raw:
        raw.sendall(b"\x05\x01\x00\x05\x01\x00\x03" + bytes([len(name)]) + name.encode() + (80).to_bytes(2))
        assert raw.recv(2) == b"\x05\x00"
        assert raw.recv(10)[:2] == b"\x05\x00"
        raw.sendall(f"POST / HTTP/1.1\r\nHost: {name}\r\nContent-Length: 0\r\n\r\n".encode())
        assert raw.recv(4096).startswith(b"HTTP/1.1 200")


def test_a_runs_own_listeners_say_whose_it_is(gateway: Running) -> None:
    with run_of(gateway, listener=True) as run, run_of(gateway) as other:
        own = run.told["listener"]
        run.mail(place=own["smtp"], sign_in=False)
        with httpx.Client(proxy=f"http://{own['proxy']}", trust_env=False, timeout=60) as client:
            client.post(HOOK, json={})
        host, _, port = own["http"].rpartition(":")
        with socket.create_connection((host, int(port)), timeout=60) as raw:
            raw.sendall(b"POST /orders HTTP/1.1\r\nHost: hooks.partner.test\r\nContent-Length: 0\r\n\r\n")
            assert raw.recv(4096).startswith(b"HTTP/1.1 200")
        with other.http(proxy=other.told["proxy"]["url"].rpartition("@")[0] + f"@{own['proxy']}") as client:
            client.post(HOOK, json={})
        look_up(own["dns"], "api.partner.test")
        ask_by_socks(own["socks"], "hooks.partner.test")
        run.post("settle", {"quiet": 0})
        assert channels(run) == ["dns", "email", "webhook", "webhook", "webhook"]
        assert channels(other) == ["webhook"], "credentials come before the listener"
        assert run.told["variables"]["SMTP_PORT"] == own["smtp"].rpartition(":")[2]
        assert run.told["variables"]["HTTP_PROXY"].endswith(f"@{own['proxy']}")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), timeout=60)


def call_from(source: str, gateway: Running, credentials: str = "") -> None:
    with socket.create_connection(gateway.place("proxy"), timeout=60, source_address=(source, 0)) as raw:
        head = f"POST {HOOK} HTTP/1.1\r\nHost: hooks.partner.test\r\nContent-Length: 0\r\n"
        if credentials:
            head += f"Proxy-Authorization: Basic {base64.b64encode(credentials.encode()).decode()}\r\n"
        raw.sendall(f"{head}\r\n".encode())
        assert raw.recv(4096).startswith(b"HTTP/1.1 200")


def test_a_run_claims_the_traffic_of_addresses(gateway: Running) -> None:
    with run_of(gateway, sources=["127.0.9.0/24"]) as run:
        call_from("127.0.9.7", gateway)
        known = run.told["smtp"]
        with smtplib.SMTP(known["host"], known["port"], source_address=("127.0.9.8", 0), timeout=60) as smtp:
            smtp.login("apikey", "SG.of-the-mail-provider")
            smtp.sendmail("shop@shop.test", ["ann@example.test"], MESSAGE)
        with run_of(gateway) as other:
            call_from("127.0.9.7", gateway, f"{other.id}:{other.told['token']}")
            assert channels(other) == ["webhook"], "credentials come before the address"
        assert channels(run) == ["email", "webhook"]
        with gateway.api() as api:
            answer = api.post("/api/runs", json={"sources": ["127.0.9.7"]})
        assert answer.status_code == 409
        assert f"'{run.id}' claims 127.0.9.0/24 already" in answer.json()["detail"]


def test_a_runs_own_token_opens_its_own_alone(gateway: Running) -> None:
    with run_of(gateway) as run, run_of(gateway) as other:
        with run.http() as mine, other.http() as theirs:
            own = mine.post(HOOK, json={}).headers["soundstage-capture"]
            foreign = theirs.post(HOOK, json={}).headers["soundstage-capture"]
        with run.own_api() as api:
            refused = {
                ("GET", "/api/runs"), ("GET", f"/api/runs/{other.id}"), ("GET", "/"),
                ("POST", f"/api/runs/{other.id}/finish"), ("DELETE", "/api/captures"), ("GET", "/metrics"),
                ("GET", f"/api/captures?run={other.id}"), ("GET", f"/api/captures/wait?run={other.id}"),
                ("POST", f"/api/runs/{run.id}/contained"), ("GET", "/api/live"), ("GET", "/openapi.json"),
            }  # fmt: skip
            assert {api.request(method, path).status_code for method, path in refused} == {403}
            for part in ("", "/raw", "/parts/0"):
                assert api.get(f"/api/captures/{foreign}{part}").status_code == 404
            assert api.get(f"/api/captures/{own}").json()["id"] == own
            assert api.get(f"/api/captures/{own}/raw").status_code == 200
            waited = api.get("/api/captures/wait", params={"count": 1, "timeout": 60})
            assert [item["id"] for item in waited.json()["items"]] == [own]
            assert api.get("/readyz").json()["missing"] == []
            asked = {"method": "POST", "url": "https://api.stripe.com/v1/charges"}
            assert api.post("/api/policy/explain", json=asked).json()["verdict"] == "capture"
            assert api.get(f"/api/runs/{run.id}").json()["token"] == run.told["token"]
        with httpx.Client(base_url=gateway.addresses["dashboard"], trust_env=False, timeout=60) as api:
            swapped = f"{run.told['api_token'].partition('.')[0]}.{other.id}"
            for token in (swapped, run.told["token"], f".{run.id}"):
                answer = api.get(f"/api/runs/{other.id}", headers={"authorization": f"Bearer {token}"})
                assert answer.status_code == 401


def test_windows_divide_a_run(gateway: Running) -> None:
    with run_of(gateway) as run, run.http() as client:
        client.post(HOOK, json={"at": "import"})
        window = run.post("windows", {"open": "test_signup"})
        client.post(HOOK, json={"at": "test"})
        with run.own_api() as api:
            assert api.post(f"/api/runs/{run.id}/windows", json={"open": "test_two"}).status_code == 409
        closed = run.post("windows", {"close": window["id"], "settle": {"quiet": 0.05, "at_most": 60}})
        client.post(HOOK, json={"at": "after"})
        assert (closed["settled"], closed["why"], closed["name"]) == (True, None, "test_signup")
        assert closed["closed_at"] is not None
        assert [item.get("window") for item in run.captures()] == [None, window["id"], None]
        assert len(run.captures(window=window["id"])) == 1
        assert len(run.captures(window="none")) == 2
        assert run.post("windows", {"close": window["id"]})["closed_at"] == closed["closed_at"]
        with run.own_api() as api:
            assert api.post(f"/api/runs/{run.id}/windows", json={"close": "w-none"}).status_code == 404
            assert api.post(f"/api/runs/{run.id}/windows", json={}).status_code == 422


def test_canaries_are_noted_and_are_no_captures(gateway: Running) -> None:
    with run_of(gateway, canaries=True) as run, run_of(gateway) as other:
        with run.http() as client:
            answer = client.get(f"http://canary.soundstage.invalid/{run.id}/begin")
            assert answer.json() == {"canary": "begin", "run": run.id}
            assert client.get(f"https://canary.soundstage.invalid/{run.id}/end").status_code == 200
            assert "soundstage-capture" not in answer.headers
            foreign = client.get(f"http://canary.soundstage.invalid/{other.id}/begin")
        run.mail("begin@canary.soundstage.invalid")
        shown = run.shown()
        assert shown["canaries"] == {"begin": {"http": True, "smtp": True}, "end": {"http": True, "smtp": False}}
        assert [item["id"] for item in run.captures()] == [foreign.headers["soundstage-capture"]], (
            "another run's is none"
        )
        other.mail("begin@canary.soundstage.invalid")
        assert other.shown()["canaries"] is None
        assert channels(other) == ["email"], "a run that expects none has an ordinary mail"


def half_a_request(run: OneRun) -> socket.socket:
    place = run.told["proxy"]
    raw = socket.create_connection((place["host"], place["port"]), timeout=60)
    credentials = base64.b64encode(f"{run.id}:{run.told['token']}".encode()).decode()
    head = f"POST {HOOK} HTTP/1.1\r\nHost: hooks.partner.test\r\nProxy-Authorization: Basic {credentials}\r\n"
    raw.sendall(f"{head}Content-Length: 10\r\n\r\n12345".encode())
    return raw


def half_a_mail(run: OneRun) -> socket.socket:
    known = run.told["smtp"]
    raw = socket.create_connection((known["host"], known["port"]), timeout=60)
    secret = base64.b64encode(f"\0{run.id}\0{run.told['token']}".encode()).decode()
    for said in ("", "EHLO x", f"AUTH PLAIN {secret}", "MAIL FROM:<a@b.test>", "RCPT TO:<c@d.test>", "DATA"):
        if said:
            raw.sendall(f"{said}\r\n".encode())
        assert raw.recv(4096)[:1] in b"23"
    return raw


UNFINISHED = [
    pytest.param(half_a_request, b"67890", "a request of the run", id="request"),
    pytest.param(half_a_mail, b"Subject: x\r\n\r\nhello\r\n.\r\n", "a mail of the run", id="mail"),
]


@pytest.mark.parametrize(("half", "rest", "what"), UNFINISHED)
def test_settling_waits_for_what_is_unfinished(gateway: Running, half: Any, rest: bytes, what: str) -> None:
    with run_of(gateway) as run, run_of(gateway) as other, run.http() as idle:
        idle.post(HOOK, json={})
        with half(run) as raw:
            told = run.post("settle", {"quiet": 0, "at_most": 0.3})
            assert (told["reached"], told["why"].startswith(f"{what} '{run.id}'")) == (False, True), told
            assert other.post("settle", {"quiet": 0, "at_most": 60})["reached"], "another's is not waited for"
            raw.sendall(rest)
            assert raw.recv(4096)
            assert run.post("settle", {"quiet": 0, "at_most": 60})["reached"], "an idle kept connection is no work"
        assert len(run.captures()) == 2


async def play(run: OneRun, number: int) -> None:
    """What a suite does: a call and a mail, the same to look at as every other's."""
    # Nothing here speaks TLS: to load the roots 200 times would cost more than all else.
    async with httpx.AsyncClient(proxy=run.told["proxy"]["url"], trust_env=False, timeout=60, verify=False) as client:
        await client.post(HOOK, json={"number": number})
    await asyncio.to_thread(run.mail)


async def test_two_hundred_runs_side_by_side_see_only_their_own(gateway: Running) -> None:
    with gateway.api() as api:
        runs = [OneRun(gateway, api.post("/api/runs", json={}).json()) for _ in range(200)]
        at_once = asyncio.Semaphore(16)

        async def one(number: int) -> None:
            async with at_once:
                await play(runs[number], number)

        async with asyncio.TaskGroup() as group:
            for number in range(len(runs)):
                group.create_task(one(number))
        for number, run in enumerate(runs):
            items = api.get("/api/captures", params={"run": run.id}).json()["items"]
            assert sorted(item["channel"] for item in items) == ["email", "webhook"]
            hook = next(item for item in items if item["channel"] == "webhook")
            assert api.get(f"/api/captures/{hook['id']}/raw").json() == {"number": number}
            finished = api.post(f"/api/runs/{run.id}/finish", json={}).json()
            assert (finished["counts"]["captures"], finished["unattributed"]["captures"]) == (2, 0)
        still_open = {item["id"] for item in api.get("/api/runs", params={"open": "true"}).json()["items"]}
        assert not still_open & {run.id for run in runs}
