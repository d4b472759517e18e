"""A key in a request's path, query or fields is in nothing that is kept of the answer, by whatever pack it is given."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from recorded import row_written
from requests_seen import FORM, request

from ledger.masking import Masker
from ledger.row import Row
from policies import pack as packs_room
from policies.describe import describe
from policies.pack import Packs
from policies.policy import Policy
from sinks.filing import written
from sinks.http_sink import HttpSink
from sinks.objects import NoObjects
from sinks.passage import Passage

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FOLDER = Path(packs_room.__file__).parent / "packs"
SECRET = "hunter2hunter2hunter2"
EMULATED = {"s3"}
OWN = """\
schema: 1
id: talk
title: A chat
channel: chat
hosts: [talk.example.com]
secrets:
  - {in: path, name: "^/bot([^/]+)/", label: bot_token}
operations:
  - id: send
    effect: write
    match: {method: [GET, POST], path: "/{bot}/send"}
    extract: {to: req.params.bot, by: req.query.api_key}
    recipients: "[req.params.bot]"
    response:
      headers: {x-said: "${req.params.bot}"}
      json: {by: "${req.params.bot}", asked: "${req.headers['x-api-key'] or req.headers['authorization']}"}
    save: {collection: "${req.params.bot}", key: req.params.bot}
denied: {status: 403, json: {error: "${reason}"}}
examples:
  - {do: POST https://talk.example.com/bot1/send, is: {operation: send, status: 200}}
"""


async def kept_of(packs: Packs, do: str, headers: dict[str, str], body: bytes = b"amount=100&currency=eur") -> Row:
    seen = request(do, body, {"content-type": FORM, "authorization": "Bearer sk_test_51Sound", **headers})
    effect, known = describe(seen, packs, run="ci-1")
    decision = Policy.built_in().decide(effect, NOW)
    passage = Passage(seen, known, effect, decision, "0192f0c1-2345-7abc-8def-0123456789ab", NOW)
    reply = await HttpSink(packs, NoObjects(), b"s" * 32, {}).answer(passage)
    return row_written(written(passage, reply, Masker(b"k" * 32)))


def operations(pack: str) -> Iterator[str]:
    """Each one's method and where it is asked for, with a key in the place of what names its object."""
    told: dict[str, Any] = yaml.safe_load((FOLDER / f"{pack}.yaml").read_text())
    host = told["hosts"][0]
    for operation in told["operations"]:
        match = operation["match"]
        for path in [match["path"]] if isinstance(match["path"], str) else match["path"]:
            method = match["method"] if isinstance(match["method"], str) else match["method"][0]
            named = match.get("host", host)
            if "{" in path and "*" not in method:
                where = re.sub(r"\{[^}]*\}", f"sk_live_{SECRET}", path)
                yield f"{method} {named if isinstance(named, str) else host}{where}"


@pytest.mark.parametrize("pack", sorted({file.stem for file in FOLDER.glob("*.yaml")} - EMULATED))
async def test_a_key_in_the_path_is_kept_by_no_operation_of(pack: str) -> None:
    for do in operations(pack):
        row = await kept_of(Packs.built_in(), do.replace("**", "a").replace("*", "a"), {})
        assert SECRET not in repr(row), do


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Packs:
    folder = tmp_path_factory.mktemp("packs")
    (folder / "talk.yaml").write_text(OWN)
    return Packs.load([folder])


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        pytest.param(f"bot{SECRET}/send", {}, id="path"),
        pytest.param("bot1/send", {"x-api-key": SECRET}, id="field"),
        pytest.param("bot1/send", {"authorization": f"Bearer {SECRET}"}, id="credential"),
        pytest.param(f"bot1/send?api_key={SECRET}", {}, id="query"),
    ],
)
async def test_a_key_that_only_its_name_or_place_tells_is_kept_nowhere(
    own: Packs, target: str, headers: dict[str, str]
) -> None:
    row = await kept_of(own, f"POST talk.example.com/{target}", headers, b"")
    assert SECRET not in repr(row)
    assert row.objects
