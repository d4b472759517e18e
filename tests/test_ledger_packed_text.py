"""PackedText: JSON in base64 is JSON; what is none, or holds no key, stays as it was."""

import base64
import json
from collections.abc import Callable
from urllib.parse import quote

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from masking_stage import FORM, JSON, MASKER, SECRET, masked, request_of

from ledger.mask_plan import MaskPlan
from ledger.packed_text import without_packed

PLAN = MaskPlan(())
TEXTS = st.text('aZ?>~{"ü ', max_size=6)
TREES: dict[str, Callable[[], str]] = {
    "compact": lambda: json.dumps({"a": "?>~~", "password": SECRET}, separators=(",", ":")),
    "spaced": lambda: '{ "password": "' + SECRET + '"}',
    "lines": lambda: json.dumps({"password": SECRET}, indent=2),
    "tabs": lambda: json.dumps({"password": SECRET}, indent="\t"),
    "list": lambda: json.dumps([{"password": SECRET}]),
    "lines-of-a-list": lambda: json.dumps([{"password": SECRET}], indent=1),
    "by-its-shape": lambda: json.dumps(["ü", "sk_live_" + SECRET]),
}
WAYS: dict[str, Callable[[str], tuple[str, str]]] = {
    "json": lambda packed: (json.dumps({"messages": [{"data": packed}]}), JSON),
    "json-of-php": lambda packed: (json.dumps({"data": packed}).replace("/", "\\/"), JSON),
    "form": lambda packed: (f"a=1&m={quote(packed, safe='')}", FORM),
    "form-as-it-is": lambda packed: (f"m={packed}&a=1", FORM),
    "text": lambda packed: (packed, "text/plain"),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("tree", TREES.values(), ids=TREES)
@pytest.mark.parametrize("of_links", [False, True])
def test_no_key_is_left_in_what_is_packed(
    tree: Callable[[], str], way: Callable[[str], tuple[str, str]], *, of_links: bool
) -> None:
    octets = tree().encode()
    packed = base64.urlsafe_b64encode(octets).rstrip(b"=") if of_links else base64.b64encode(octets)
    kept = masked(*way(packed.decode()))
    for text in base64_in(kept):
        assert SECRET.encode() not in text
    assert any(b"[removed:" in text for text in base64_in(kept))


def base64_in(text: bytes) -> list[bytes]:
    """Every run of its letters, unpacked."""
    plain = text.replace(b"%3D", b"=").replace(b"%2F", b"/").replace(b"%2B", b"+").replace(b"\\/", b"/")
    runs = "".join(chr(octet) if chr(octet).isalnum() or octet in b"+/-_" else " " for octet in plain).split()
    return [base64.urlsafe_b64decode(run.replace("+", "-").replace("/", "_") + "=" * (-len(run) % 4)) for run in runs
            if len(run) % 4 != 1]  # fmt: skip


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize(
    "plain",
    [
        "password=%s",
        "user=ann&API_KEY=%s&x=~~?>",
        "a=1;accountKey=x;AccessKey=%s",
        "export DB_PASSWORD=%s\nA=b\n",
        "token=%s",
    ],
)
@pytest.mark.parametrize("ahead", ["", "x=", "yz="])
def test_no_value_beside_a_secret_name_is_left_in_what_is_packed(
    ahead: str, plain: str, way: Callable[[str], tuple[str, str]]
) -> None:
    packed = base64.b64encode(f"{ahead}\n{plain % SECRET}".encode() if ahead else (plain % SECRET).encode())
    kept = masked(*way(packed.decode()))
    for text in base64_in(kept):
        assert SECRET.encode() not in text
    assert any(b"[removed:" in text for text in base64_in(kept))


@pytest.mark.parametrize(
    "plain", [b"the password is in the safe", b"next_token=abcdef", b"monkey=ape", b"\x89PNG password=\xff"]
)
def test_what_packs_no_secret_stays(plain: bytes) -> None:
    sent = b"a=1&m=" + base64.b64encode(plain).rstrip(b"=")
    assert masked(sent, FORM) == sent


def test_it_stays_json_in_base64() -> None:
    packed = base64.b64encode(b'{"user":"ann","password":"hunter2"}').decode()
    kept = json.loads(base64.b64decode(json.loads(masked(json.dumps({"data": packed})))["data"]))
    assert kept["user"] == "ann"
    assert kept["password"].startswith("[removed:password:")


def test_a_field_and_a_query_are_looked_into() -> None:
    packed = base64.b64encode(b'{"token":"hunter2-hunter2"}').decode()
    request = request_of(target=f"/x?state={packed}", headers=(("x-context", packed),))
    shown = MASKER.request(request, (), exact_body=False, message=False)
    assert packed[9:-2] not in repr(shown[:4])
    assert shown.echo.text(packed.encode()) != packed.encode()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(base64.b64encode(b'{"order":"A1001","amount":4200}').decode(), id="nothing-to-hide"),
        pytest.param("eyJustALongWordThatIsNone", id="no-base64"),
        pytest.param("WyJ4" + "x" * 40, id="no-text"),
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert masked(json.dumps({"data": text})) == json.dumps({"data": text}).encode()


def test_what_is_encrypted_is_a_key_too() -> None:
    assert b"hunter2" not in masked('{"id": "eyJhbGciOiJkaXIifQ..hunter2.hunter2.hunter2"}')


def test_a_private_key_s_file_is_one() -> None:
    for kind in ("", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED "):
        file = base64.b64encode(f"-----BEGIN {kind}PRIVATE KEY-----\nhunter2hunter2\n".encode()).decode()
        assert file[28:] not in masked(f"client-data: {file}\n", "application/yaml").decode()
    public = base64.b64encode(b"-----BEGIN CERTIFICATE-----\nhunter2hunter2\n").decode()
    assert public in masked(f"client-data: {public}\n", "application/yaml").decode()


@settings(max_examples=examples(50))
@given(st.dictionaries(TEXTS, TEXTS, max_size=4))
def test_what_is_found_was_hinted_at(tree: dict[str, str]) -> None:
    def look(packed: bytes) -> bytes:
        assert PLAN.is_in_body(text)
        return packed + b" "

    for made in (base64.b64encode, base64.urlsafe_b64encode):
        text = b'"' + made(json.dumps(tree).encode()) + b'"'
        without_packed(text, look, lambda packed: None)
