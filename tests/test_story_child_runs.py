"""Runs opened inside a run, through a whole Soundstage: whose what is, who may do what, and what a verdict counts."""

from typing import Any

import pytest
from running import Running, eventually
from runs_stage import OneRun, begun, run_of

HOOK = "http://hooks.partner.test/orders"
QUICK = "settle: {quiet: 20ms, at_most: 60s}\n"


def inside(run: OneRun, **asked: Any) -> OneRun:
    """One more, opened with the run's own token."""
    with run.own_api() as api:
        answer = api.post("/api/runs", json=asked)
    assert answer.status_code == 201, answer.text
    return OneRun(run.gateway, answer.json())


def verdict(run: OneRun, text: str = "", **asked: Any) -> tuple[str, list[str]]:
    text = f"version: 1\n{QUICK}contained: optional\n{text}"
    told = run.post("verify", {"text": text, **asked})
    return told["verdict"], told["reasons"]


def hook(run: OneRun, **given: Any) -> None:
    with run.http(**given) as client:
        client.post(HOOK, json={"n": 1})


def test_a_parents_verdict_counts_what_its_children_did(gateway: Running) -> None:
    twice = "expect:\n- webhook: {host: hooks.partner.test}\n  count: 2\n"
    with run_of(gateway, listener=True) as run:
        ann, ben = inside(run, name="gw0"), inside(run, name="gw1")
        hook(ann)
        hook(ben)
        assert [len(one.captures()) for one in (run, ann, ben)] == [0, 1, 1]
        judged, reasons = verdict(run, twice)
        assert judged == "inconclusive"
        assert f"{ann.id} (gw0): it is not finished" in " ".join(reasons)
        assert verdict(ann, twice)[0] == "violated"
        for one in (ann, ben):
            one.post("finish", {"verdict": "clean"})
        assert verdict(run, twice) == ("clean", [])
        told = run.post("verify", {"text": f"version: 1\n{QUICK}contained: optional\n{twice}"})
        assert told["counts"]["children"] == 2
        row = next(row for row in told["rows"] if row["name"] == "runs inside it")
        assert row["reason"] == "2 runs with 2 captures, judged with it"
        hook(ann)
        assert [len(one.captures()) for one in (run, ann)] == [1, 1], "what a finished child left behind"
        late = inside(run)
    shown = late.shown()
    assert (shown["open"], shown["verdict"], shown["ended"]) == (False, "inconclusive", "parent")
    assert verdict(late, "others: allow\n")[0] == "inconclusive"


def test_a_child_is_not_clean_of_what_came_without_its_name(gateway: Running) -> None:
    with run_of(gateway, listener=True) as run:
        child = inside(run)
        hook(run)
        judged, reasons = verdict(child, "others: allow\n")
        assert judged == "inconclusive"
        assert f"nobody but the run around it, {run.id}, claimed" in " ".join(reasons)
        child.post("finish", {"verdict": judged})
        assert verdict(run, "others: allow\n")[0] == "clean"


def test_what_a_child_sends_without_a_name_is_its_parents_and_not_nobodys(gateway: Running) -> None:
    """By everybody's entrance it would be nobody's, and the parent, with an entrance of its own, would be clean."""
    with run_of(gateway, listener=True) as run:
        child = inside(run)
        ways = child.told["variables"]
        place = f"{ways['SMTP_HOST']}:{ways['SMTP_PORT']}"
        assert place == run.told["listener"]["smtp"]
        child.mail(place=place, sign_in=False)
        assert [len(one.captures()) for one in (run, child)] == [1, 0]
        assert verdict(run)[0] == "violated"
        with child.http(proxy=ways["HTTP_PROXY"]) as client:
            client.post(HOOK, json={"n": 1})
        assert [len(one.captures()) for one in (run, child)] == [1, 1], "what says its name is its own there too"


def test_what_is_doubtful_of_a_child_is_doubtful_of_its_parent(gateway: Running) -> None:
    with run_of(gateway, listener=True) as run:
        child, wronged = inside(run, canaries=True), inside(run)
        place = run.told["proxy"]
        hook(wronged, proxy=f"http://{wronged.id}:guess@{place['host']}:{place['port']}")
        judged, reasons = verdict(run)
        assert judged == "inconclusive"
        said = " ".join(reasons)
        assert f"{child.id} ({child.id}): canaries did not arrive: http at its begin" in said
        assert f"{wronged.id} ({wronged.id}): somebody came 1 time with its name and a wrong token" in said


def test_a_window_of_the_parent_holds_what_its_children_did_meanwhile(gateway: Running) -> None:
    with run_of(gateway, listener=True) as run:
        child = inside(run)
        hook(child)
        window = run.post("windows", {"open": "test_one"})["id"]
        assert verdict(run, window=window)[0] == "clean"
        hook(child)
        judged, reasons = verdict(run, window=window)
        assert judged == "violated"
        assert "1 effect that no row claims" in " ".join(reasons)


REFUSED = [
    pytest.param("POST", "/api/runs/{run}/finish", {}, id="end-its-parent"),
    pytest.param("POST", "/api/runs/{run}/windows", {"open": "x"}, id="open-a-window-of-its-parent"),
    pytest.param("POST", "/api/runs/{run}/verify", {}, id="judge-its-parent"),
    pytest.param("POST", "/api/runs/{run}/renew", {}, id="renew-its-parent"),
    pytest.param("POST", "/api/runs/{child}/contained", {"how": "namespace"}, id="say-it-is-contained"),
    pytest.param("GET", "/api/runs/{run}", None, id="see-its-parent"),
    pytest.param("GET", "/api/runs", None, id="list-runs"),
    pytest.param("GET", "/api/captures?run={run}", None, id="see-its-parents-captures"),
    pytest.param("GET", "/api/captures?run=unattributed", None, id="see-nobodys-captures"),
    pytest.param("POST", "/api/runs", {"id": "chosen"}, id="choose-an-id"),
    pytest.param("POST", "/api/runs", {"parent": "{run}"}, id="open-a-run-inside-its-parent"),
    pytest.param("POST", "/api/runs", {"parent": "{other}"}, id="open-a-run-inside-another"),
]


@pytest.fixture(scope="module")
def family(gateway: Running) -> dict[str, OneRun]:
    run = begun(gateway)
    return {"run": run, "child": inside(run), "other": begun(gateway)}


@pytest.mark.parametrize(("method", "path", "body"), REFUSED)
def test_a_child_may_not(family: dict[str, OneRun], method: str, path: str, body: dict[str, str] | None) -> None:
    ids = {name: run.id for name, run in family.items()}
    asked = None if body is None else {key: value.format(**ids) for key, value in body.items()}
    with family["child"].own_api() as api:
        answer = api.request(method, path.format(**ids), json=asked)
    assert answer.status_code == 403, answer.text
    assert family["run"].shown()["open"]


OF_A_CHILD = [
    pytest.param({"sources": ["10.9.9.9"]}, 422, "no sources of its own", id="addresses"),
    pytest.param({"listener": True}, 422, "has no listener", id="ports"),
    pytest.param({"services": ["5432"]}, 422, "no services of its own", id="services"),
    pytest.param({"id": "chosen"}, 403, "chooses no ids", id="an-id"),
    pytest.param({"lease": 0}, 422, "lease", id="no-lease-at-all"),
]


@pytest.mark.parametrize(("asked", "status", "says"), OF_A_CHILD)
def test_what_a_run_cannot_ask_for_inside_it(
    family: dict[str, OneRun], asked: dict[str, Any], status: int, says: str
) -> None:
    with family["run"].own_api() as api:
        answer = api.post("/api/runs", json=asked)
    assert (answer.status_code, says in answer.text) == (status, True), answer.text


def test_a_child_whose_owner_is_gone_is_abandoned_and_its_parent_is_told(gateway: Running) -> None:
    with run_of(gateway, listener=True) as run:
        child, kept = inside(run, lease=1.0), inside(run, lease=600.0)
        assert kept.post("renew") == {"run": kept.id, "lease": 600.0}
        eventually(lambda: not child.shown()["open"], "to look at it keeps nothing alive")
        assert (child.shown()["verdict"], child.shown()["ended"]) == ("inconclusive", "abandoned")
        with child.own_api() as api:
            assert api.post(f"/api/runs/{child.id}/renew").status_code == 409
        judged, reasons = verdict(child)
        assert (judged, "nobody was heard of who owned it for 1 s" in " ".join(reasons)) == ("inconclusive", True)
        judged, reasons = verdict(run)
        assert (judged, "nobody was heard of who owned it" in " ".join(reasons)) == ("inconclusive", True)
        assert kept.shown()["open"]


def test_nothing_is_opened_inside_a_child_or_a_finished_run(gateway: Running, family: dict[str, OneRun]) -> None:
    over = begun(gateway)
    over.post("finish")
    for run, says in ((family["child"], "opens none itself"), (over, "is finished")):
        with run.own_api() as api:
            answer = api.post("/api/runs", json={})
        assert (answer.status_code, says in answer.text) == (409, True), answer.text


def test_evidence_of_a_finished_child_is_kept_while_its_parent_is_open(gateway: Running) -> None:
    with run_of(gateway) as run:
        child = inside(run)
        hook(child)
        child.post("settle", {"quiet": 0})
        child.post("finish", {})
        with gateway.api() as api:
            answer = api.delete("/api/captures", params={"run": child.id})
        assert (answer.status_code, len(child.captures())) == (409, 1)
    with gateway.api() as api:
        assert api.delete("/api/captures", params={"run": child.id}).status_code == 200


def test_a_name_that_the_gateways_packs_do_not_have_is_refused(gateway: Running) -> None:
    """In `never` it would pass whatever happens."""
    with run_of(gateway) as run, run.own_api() as api:
        text = "version: 1\nnever:\n- any: {provider: strpe}\n- payment: {provider: {unknown: adyen}}\n"
        answer = api.post(f"/api/runs/{run.id}/verify", json={"text": text, "file": "expect.yaml"})
        assert answer.status_code == 422, answer.text
        (problem,) = answer.json()["problems"]
        assert (problem["file"], problem["line"], problem["field"]) == ("expect.yaml", 3, "never[0].any.provider")
        assert "did you mean stripe?" in problem["what"]
