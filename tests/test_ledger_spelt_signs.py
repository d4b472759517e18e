"""SpeltSigns: a sign that is escaped hides neither a key nor the name of one, whoever escaped it."""

import json

import pytest
from masking_stage import FORM, JSON, masked
from secret_requests import Make, Secret
from secret_search import Searched
from secret_spellings import FIELDS, LINKS, NAMES, SIGNS
from test_ledger_hidden_secrets import kept_of, shown

from ledger.secret_names import linear
from ledger.spelt_signs import EQUALS, SLASH, slashed, spelt

SECRET = Secret("0a1f2e3d4c5b60718293", "4242424242424242")
ROWS = {**LINKS, **SIGNS}


def is_kept(make: Make) -> bool:
    asked = make(SECRET)
    assert SECRET.core in repr((asked.target, asked.headers, asked.body)), "the row sends no secret"
    return bool(Searched([("it", SECRET)], shown(kept_of(asked))).found("it"))


@pytest.mark.parametrize("make", [pytest.param(make, id=name) for name, make in ROWS.items()])
def test_no_key_is_kept(make: Make) -> None:
    assert not is_kept(make)


@pytest.mark.parametrize("name", NAMES)
def test_no_field_is_kept_that_is_named(name: str) -> None:
    rows = {row: make for row, make in FIELDS.items() if row.startswith(f"{name}-")}
    assert len(rows) >= 42
    assert [row for row, make in rows.items() if is_kept(make)] == []


@pytest.mark.parametrize("text", ["/", "\\/", "\\\\\\/", "\\u002F", "%2f", "%252F", "&#x2F;", "&#47;", "&amp;#x2f;"])
def test_a_slash_is_known_in_any_spelling(text: str) -> None:
    assert linear(SLASH).fullmatch(text.encode()) is not None
    assert slashed(b"a" + text.encode() + b"b") == b"a/b"


@pytest.mark.parametrize("text", ["%2", "%2e", "&#46;", "\\u003f", "&#x3d;"])
def test_other_signs_are_none(text: str) -> None:
    assert linear(SLASH).search(text.encode()) is None


def test_any_sign_can_be_asked_for() -> None:
    for sign in (b".", b"?", b"+", b"=", b"@", b"&"):
        assert linear(spelt(sign)).fullmatch(sign) is not None
        assert linear(spelt(sign)).fullmatch(b"a") is None
    assert linear(EQUALS).fullmatch(b"&#x3D;") is not None


def test_a_link_has_one_digest_however_it_came() -> None:
    kept = [masked(json.dumps({"url": text})) for text in (
        "https://hooks.slack.com/services/T01ABCDEF/B02ABCDEF/abcdefghijklmnop",
        "hooks.slack.com%2Fservices%2FT01ABCDEF%2FB02ABCDEF%2Fabcdefghijklmnop",
    )]  # fmt: skip
    assert kept[0].rpartition(b"hooks")[2] == kept[1].rpartition(b"hooks")[2]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        pytest.param('{"path":"\\/services\\/health","url":"https:\\/\\/x.test\\/a:b"}', JSON, id="php"),
        pytest.param('{"html":"\\u003cp\\u003eA \\u0026 B\\u0027s\\u003c\\/p\\u003e","page":"a"}', JSON, id="net"),
        pytest.param("name=first%2Dlast%2Ejr&page%5Bnumber%5D=2&x%5Bitems%5D%5B%5D=key", FORM, id="escaped"),
        pytest.param("a&&e.key===n&&f.code=1", "text/plain", id="script"),
        pytest.param("ssh://git@github.com/a/b.git https://x.test:80/a@b mailto:a@b.test", "text/plain", id="users"),
        pytest.param("<p>1&#47;2 and 3&#x2F;4 &#61; more, @home</p>", "text/html", id="html"),
        pytest.param("POST /services/T1/status and /api/webhooks/list", "text/plain", id="paths"),
    ],
)  # fmt: skip
def test_what_is_no_secret_stays(text: str, kind: str) -> None:
    assert masked(text, kind).decode() == text


def test_what_a_sign_means_is_kept_beside_a_secret() -> None:
    sent = '{"a":"x\\\\u0041 \\\\/ \\u0026 \\"","b":"https:\\/\\/x.test","password":"hunter2"}'
    kept = json.loads(masked(sent))
    assert {**json.loads(sent), "password": kept["password"]} == kept
