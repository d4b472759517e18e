"""A run's own token at Mailpit's and MailHog's APIs: it shows and changes that run's mails, and nothing of others."""

from collections.abc import Iterator

import httpx
import pytest
from running import PATIENCE, Running
from runs_stage import OneRun, run_of

ROOT = "/mailpit/api/v1"


@pytest.fixture(scope="module")
def runs(gateway: Running) -> Iterator[tuple[OneRun, OneRun]]:
    """Two runs, each with a mail to the same address and of the same subject."""
    with run_of(gateway) as mine, run_of(gateway) as other:
        for run in (mine, other):
            run.mail()
            run.post("settle", {"quiet": 0})
        yield mine, other


def client_of(run: OneRun) -> httpx.Client:
    auth = ("anybody", str(run.told["api_token"]))
    return httpx.Client(base_url=run.gateway.addresses["dashboard"], auth=auth, trust_env=False, timeout=PATIENCE)


def test_only_its_own_mails_are_there(runs: tuple[OneRun, OneRun]) -> None:
    mine, other = runs
    with client_of(mine) as api:
        listed = api.get(f"{ROOT}/messages").json()
        assert (listed["total"], listed["unread"], len(listed["messages"])) == (1, 1, 1)
        assert listed["messages"][0]["Username"] == mine.id
        for query in ("to:ann@example.test", "subject:welcome", "-nowhere", f"run:{mine.id}"):
            assert api.get(f"{ROOT}/search", params={"query": query}).json()["messages_count"] == 1
        assert api.get(f"{ROOT}/search", params={"query": f"run:{other.id}"}).json()["messages_count"] == 0
        assert api.get("/api/v2/messages").json()["total"] == 1
        assert api.get("/mailhog/api/v2/search", params={"kind": "to", "query": "ann@"}).json()["total"] == 1
        assert api.get(f"{ROOT}/message/latest").json()["ID"] == mine.captures()[0]["id"]


def test_the_mail_of_another_run_is_not_there(runs: tuple[OneRun, OneRun]) -> None:
    mine, other = runs
    theirs = other.captures()[0]["id"]
    with client_of(mine) as api:
        for path in (f"{ROOT}/message/{theirs}", f"{ROOT}/message/{theirs}/raw", f"/mailhog/api/v1/messages/{theirs}"):
            assert api.get(path).status_code == 404
        assert api.delete(f"/mailhog/api/v1/messages/{theirs}").status_code == 404
        assert api.put(f"{ROOT}/tags", json={"IDs": [theirs], "Tags": ["mine"]}).status_code == 404
        assert api.put(f"{ROOT}/messages", json={"IDs": [theirs], "Read": True}).text == "ok"
        assert api.delete(f"{ROOT}/tags/mine").text == "ok"
        assert api.request("DELETE", f"{ROOT}/messages", json={"IDs": [theirs]}).text == "ok"
    with client_of(other) as api:
        assert api.get(f"{ROOT}/messages").json()["unread"] == 1


def test_evidence_of_an_open_run_stays(runs: tuple[OneRun, OneRun]) -> None:
    with client_of(runs[0]) as api:
        for answer in (api.delete(f"{ROOT}/messages"), api.delete("/mailhog/api/v1/messages")):
            assert answer.status_code == 409
            assert "is still open and would lose captures" in answer.json()["detail"]
        assert api.get(f"{ROOT}/messages").json()["total"] == 1


def test_nothing_is_sent_or_released_by_it(runs: tuple[OneRun, OneRun]) -> None:
    with client_of(runs[0]) as api:
        assert api.post(f"{ROOT}/send", json={}).status_code == 403
        assert api.post(f"{ROOT}/message/latest/release", json={"To": ["a@b.test"]}).status_code == 403
    with runs[0].own_api() as api:
        assert api.post("/api/schedule", json={"job": "nightly"}).status_code == 403
