"""Runs under misfortune: what was interrupted or taken away is told of them; none looks whole when it is not."""

import os
import signal

import httpx
from running import Running, eventually
from runs_stage import begun, run_of

HOOK = "http://hooks.partner.test/orders"


def test_a_gateway_that_is_restarted_in_mid_run(mended_gateway: Running) -> None:
    run = begun(mended_gateway, listener=True, sources=["127.0.9.0/24"], canaries=True)
    window = run.post("windows", {"open": "test_signup"})
    with run.http() as client, mended_gateway.api() as api:
        client.get(f"http://canary.soundstage.invalid/{run.id}/begin")
        client.post(HOOK, json={"n": 1})
        with mended_gateway.unmended():
            os.kill(mended_gateway.processes()["gateway"], signal.SIGKILL)
            eventually(lambda: api.get("/readyz").status_code != 200, "the gateway is down")
            answer = api.get(f"/api/runs/{run.id}")
            assert answer.status_code == 503, "what cannot be asked is never answered as if all were well"
        eventually(lambda: api.get("/readyz").status_code == 200, "the gateway is up again")
        shown = run.shown()
        assert [gap["why"].partition(":")[0] for gap in shown["gaps"]] == ["the gateway was restarted"]
        assert shown["opened_at"] <= shown["gaps"][0]["at"] <= shown["gaps"][0]["until"]
        assert shown["listener"] == run.told["listener"], "clients' variables stay true"
        assert shown["canaries"]["begin"] == {"http": True, "smtp": False}
        with run.http() as again:
            again.post(HOOK, json={"n": 2})
        run.mail(place=shown["listener"]["smtp"], sign_in=False)
        assert {item.get("window") for item in run.captures()} == {window["id"]}
        assert len(run.captures()) == 3
        finished = run.post("finish")
        assert (finished["counts"]["captures"], len(finished["gaps"])) == (3, 1)


def test_a_capture_that_is_removed_from_a_finished_run_is_told_of_it(gateway: Running) -> None:
    with run_of(gateway) as run, run_of(gateway) as other, gateway.api() as api:
        for one in (run, other):
            with one.http() as client:
                client.post(HOOK, json={})
        refused = api.delete("/api/captures", params={"run": run.id})
        assert refused.status_code == 409
        run.post("finish", {"verdict": "clean"})
        assert api.delete("/api/captures", params={"run": run.id, "window": "none"}).json() == {"removed": 1}
        assert [gap["why"] for gap in run.shown()["gaps"]] == ["somebody removed captures of it"]
        assert other.shown()["gaps"] == []


def test_what_nobody_claimed_and_was_removed_is_told_of_the_runs_around_it(gateway: Running) -> None:
    with run_of(gateway) as run, gateway.api() as api:
        with httpx.Client(proxy=f"http://{gateway.addresses['proxy']}", trust_env=False, timeout=60) as nobody:
            nobody.post("http://unclaimed-and-removed.test/", json={})
        assert run.shown()["unattributed"]["channels"] == {"webhook": 1}
        assert api.delete("/api/captures", params={"host": "unclaimed-and-removed.test"}).json() == {"removed": 1}
        shown = run.shown()
        assert shown["unattributed"]["captures"] == 0
        assert [gap["why"] for gap in shown["gaps"]] == [
            "captures that nobody claimed were removed from within its time"
        ]


def test_what_is_asked_wrongly_is_refused_with_a_sentence(gateway: Running) -> None:
    with run_of(gateway) as run, gateway.api() as api:
        for body, status, said in (
            ({"id": run.id}, 409, f"There is a run '{run.id}' already"),
            ({"id": "unattributed"}, 409, "There is a run 'unattributed' already"),
            ({"id": "CI 1"}, 422, "The run id 'CI 1' is none"),
            ({"sources": ["10.0.0"]}, 422, "The source '10.0.0' is no network"),
            ({"lister": True}, 422, "lister: there is no such parameter"),
        ):
            answer = api.post("/api/runs", json=body)
            assert (answer.status_code, answer.json()["detail"].startswith(said)) == (status, True), answer.text
        for path, body in (
            ("finish", {}),
            ("windows", {"open": "x"}),
            ("settle", {}),
            ("contained", {"how": "doctor"}),
        ):
            answer = api.post(f"/api/runs/nobody/{path}", json=body)
            assert (answer.status_code, answer.json()["detail"]) == (404, "There is no run 'nobody'."), path
        assert api.get("/api/runs/nobody").status_code == 404
        assert api.post(f"/api/runs/{run.id}/settle", json={"at_most": 3600}).status_code == 422
        assert api.post(f"/api/runs/{run.id}/finish", json={"verdict": "fine"}).status_code == 422
        assert api.post(f"/api/runs/{run.id}/contained", json={"how": "doctor"}).json()["contained"] == "doctor"
