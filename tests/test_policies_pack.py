"""Packs: loading them, everything that is wrong with one told at once, and the ones that come with Soundstage."""

from pathlib import Path

import pytest
from packs_written import ACME, packs

from policies.pack import Pack, PackError, Packs
from policies.pack_example import failures


@pytest.mark.parametrize("pack", list(Packs.built_in()), ids=lambda pack: pack.id)
def test_the_examples_of_a_built_in_pack_hold(pack: Pack) -> None:
    assert list(failures(pack, Packs.built_in())) == []


def test_the_built_in_packs_are_there() -> None:
    ids = {"fcm", "google_oauth", "s3", "sendgrid", "ses", "slack", "slack_webhook", "stripe", "twilio"}
    assert ids <= {pack.id for pack in Packs.built_in()}
    assert Packs.built_in() is Packs.built_in()


@pytest.mark.parametrize(
    ("was", "put", "there", "told"),
    [
        pytest.param("channel: sms", "canal: sms", True, "canal: there is no such key in a pack", id="unknown-key"),
        pytest.param("title: Acme\n", "", False, "title: this key is required", id="missing-key"),
        pytest.param("effect: auth", "effect: login", True, "operations.4.effect: Input should be", id="bad-word"),
        pytest.param("id: token", "id: stream", False, "two operations called 'stream'", id="operation-twice"),
        pytest.param("title: Acme", "id: acme", False, "'id'", id="key-twice"),
        pytest.param("var.id}", "var.ids}", False, "there is no var.ids", id="unknown-variable"),
        pytest.param("req.data.text", "req.data|nothing", True, "there is no filter 'nothing'", id="unknown-filter"),
        pytest.param("'^live_'", "'('", True, "credentials.live: ", id="bad-pattern"),
        pytest.param("api.acme.example\n", "'*.com'\n", True, "hosts.0: '*.com' leaves open", id="loose-host"),
        pytest.param("$shape: message", "$shape: letter", True, "there is no shape 'letter'", id="unknown-shape"),
        pytest.param("$each: req", "$every: req", True, "there is no directive", id="unknown-directive"),
        pytest.param("path: /token", "path: token", True, "does not begin with a slash", id="bad-path"),
        pytest.param('json: "${obj}"', 'json: "${obj}", text: x', True, "one body", id="two-bodies"),
        pytest.param("examples:\n", "examples: []\nnotes:\n", False, "examples", id="no-examples"),
        pytest.param("id: acme", "id: acne", False, "belongs in a file of that name", id="other-name"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, was: str, put: str, there: bool, told: str) -> None:
    assert was in ACME
    with pytest.raises(PackError) as raised:
        packs(tmp_path, ACME.replace(was, put, 1))
    told_at = [problem for problem in raised.value.problems if told in problem]
    assert told_at, raised.value.problems
    line = ACME.count("\n", 0, ACME.index(was)) + 1
    if there:
        assert told_at[0].startswith(f"{tmp_path / 'acme.yaml'}:{line}: "), told_at


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    broken = ACME.replace("req.data.text", "req.dta").replace("'^live_'", "'('").replace("${obj}", "${o}")
    with pytest.raises(PackError) as raised:
        packs(tmp_path, broken)
    assert len(raised.value.problems) == 3


def test_an_example_that_fails(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="the status is 201, not 200"):
        packs(tmp_path, ACME.replace('recipients: ["+1"], status: 201', 'recipients: ["+1"], status: 200'))


def test_a_refusal_without_our_reason(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="does not give the reason"):
        packs(tmp_path, ACME.replace('json: {error: "${reason}"}', "json: {error: no}"))


def test_no_directory(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="no directory of packs"):
        Packs.load([tmp_path / "missing"])


def test_an_operators_pack_takes_the_place_of_ours(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    for directory, title in ((ours, "Acme"), (theirs, "Acme of ours")):
        directory.mkdir()
        (directory / "acme.yaml").write_text(ACME.replace("title: Acme", f"title: {title}"))
    loaded = Packs.load([ours, theirs])
    assert [pack.title for pack in loaded] == ["Acme of ours"]
    assert loaded.speaks_http2("api.acme.example")
    assert not loaded.speaks_http2("api.stripe.com")


@pytest.mark.parametrize("pack", list(Packs.built_in()), ids=lambda pack: pack.id)
def test_no_refusal_makes_applications_destroy_something(pack: Pack) -> None:
    statuses = {response.status(None) for response in pack.denied}
    assert statuses <= {200, 403}
