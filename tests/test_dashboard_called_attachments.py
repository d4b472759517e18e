"""The files of a mail that is handed to a provider's API: read in each provider's way, and had as those of a mail."""

import base64
import json
from collections.abc import AsyncIterator
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from dashboard_stage import Stage, capture, staged
from hypothesis import given
from hypothesis import strategies as st
from pytest_soundstage.captured import Captured
from running import PATIENCE

from dashboard.called_attachments import called_files
from dashboard.called_mail import LARGEST
from dashboard.run_evidence import call_detail
from policies.effect import Channel

PDF = b"%PDF-1.7 \xff\x00 of 4711"
PACKED = base64.b64encode(PDF).decode()
FILE = ("invoice.pdf", "application/pdf", PDF, False)
FORM = "application/x-www-form-urlencoded"


def whole_mail() -> bytes:
    mail = EmailMessage()
    mail["Subject"] = "Hi"
    mail.set_content("Hello")
    mail.add_attachment(PDF, maintype="application", subtype="pdf", filename="invoice.pdf")
    return mail.as_bytes()


MIME = base64.b64encode(whole_mail()).decode()
PARTED = (
    '--b\r\nContent-Disposition: form-data; name="to"\r\n\r\nann@example.com\r\n'
    '--b\r\nContent-Disposition: form-data; name="{name}"; filename="{file}"\r\n'
    "Content-Type: application/pdf\r\n\r\n"
)


def parted(name: str, file: str, content: bytes) -> bytes:
    return PARTED.format(name=name, file=file).encode() + content + b"\r\n--b--\r\n"


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(
            {"attachments": [{"content": PACKED, "type": "application/pdf", "filename": "invoice.pdf"}]}, id="sendgrid"
        ),
        pytest.param(
            {"Attachments": [{"Name": "invoice.pdf", "Content": PACKED, "ContentType": "application/pdf"}]}, id="names"
        ),
        pytest.param(
            {"Content": {"Simple": {"Attachments": [{"FileName": "invoice.pdf", "RawContent": PACKED}]}}}, id="ses-v2"
        ),
        pytest.param({"Content": {"Raw": {"Data": MIME}}}, id="ses-v2-whole"),
        pytest.param({"Messages": [{"Attachments": [{"Filename": "invoice.pdf", "Base64Content": PACKED}]}]}, id="in"),
        pytest.param({"attachment": [{"name": "invoice.pdf", "content": PACKED}]}, id="one"),
        pytest.param({"raw": MIME.replace("+", "-").replace("/", "_").rstrip("=")}, id="of-links"),
        pytest.param(
            {"attachments": [{"filename": "invoice.pdf", "content": {"type": "Buffer", "data": list(PDF)}}]}, id="list"
        ),
    ],
)
def test_a_file_is_found_in_json(call: Any) -> None:
    files = called_files(json.dumps(call).encode(), "application/json")
    assert [(one.filename, one.content_type, one.content, one.inline) for one in files.parts] == [FILE]
    assert files.complete


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        pytest.param(urlencode({"Action": "SendRawEmail", "RawMessage.Data": MIME}).encode(), FORM, id="ses-v1"),
        pytest.param(parted("attachment", "invoice.pdf", PDF), "multipart/form-data; boundary=b", id="a-form's-file"),
        pytest.param(parted("message", "m.eml", whole_mail()), 'multipart/form-data; boundary="b"', id="mail-as-file"),
    ],
)
def test_a_file_is_found_in_a_form(raw: bytes, kind: str) -> None:
    files = called_files(raw, kind)
    assert [(one.filename, one.content_type, one.content, one.inline) for one in files.parts] == [FILE]


def test_what_is_shown_with_the_mail_is_no_attachment() -> None:
    logo = {"content": PACKED, "filename": "logo.png", "disposition": "inline", "content_id": "<logo>"}
    (one,) = called_files(json.dumps({"attachments": [logo]}).encode(), "application/json").parts
    assert (one.inline, one.content_id, one.content_type) == (True, "logo", "image/png")


@pytest.mark.parametrize(
    "call",
    [
        pytest.param({"attachments": [{"filename": "a", "path": "https://x.example/a"}]}, id="by-its-address"),
        pytest.param({"attachments": ["a"]}, id="no-object"),
    ],
)
def test_what_cannot_be_read_is_said_to_be_so(call: Any) -> None:
    assert called_files(json.dumps(call).encode(), "application/json") == ((), False)


def test_ordinary_lists_are_no_files() -> None:
    call = {"personalizations": [{"dynamic_template_data": {"images": ["https://x.example/a.png"], "data": [1]}}]}
    assert called_files(json.dumps(call).encode(), "application/json") == ((), True)
    assert called_files(b"[" * 100_000, "application/json").parts == ()
    assert not called_files(b"x" * (LARGEST + 1), "application/json").complete


@given(
    st.binary(max_size=200), st.sampled_from(["application/json", FORM, "multipart/form-data; boundary=b", "x/y", None])
)
def test_whatever_a_body_holds_nothing_is_raised(raw: bytes, kind: str | None) -> None:
    called_files(raw, kind)


@pytest.fixture(scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with staged(tmp_path_factory.mktemp("called")) as running:
        yield running


CALL = json.dumps({"attachments": [{"content": PACKED, "type": "application/pdf", "filename": "invoice.pdf"}]}).encode()


async def test_the_client_has_it_as_of_a_mail(stage: Stage) -> None:
    record = capture(host="api.sendgrid.com", scheme="https", raw=CALL, content_type="application/json")
    added = await stage.add(record)
    async with httpx.AsyncClient(base_url=stage.url, headers=stage.bearer, trust_env=False, timeout=PATIENCE) as client:
        shown = (await client.get(f"/api/captures/{added}")).json()
        octets = {path: (await client.get(path)).content for path in [f"/api/captures/{added}/parts/0"]}
        pane = (await client.get(f"/inbox/{added}")).text
        assert (await client.get(f"/api/captures/{added}/parts/1")).status_code == 404
    (attached,) = Captured(shown, stage.url, octets.__getitem__).attachments
    assert (attached.name, attached.content_type, attached.size) == ("invoice.pdf", "application/pdf", len(PDF))
    assert attached.content == PDF
    assert f'href="/api/captures/{added}/parts/0"' in pane


@pytest.mark.parametrize(
    ("channel", "raw", "names"),
    [
        pytest.param("email", CALL, ("invoice.pdf",), id="read"),
        pytest.param("email", b'{"attachments": [{"path": "https://x.example/a"}]}', None, id="not-read"),
        pytest.param("email", b"{}", (), id="none"),
        pytest.param("payment", CALL, (), id="no-mail"),
    ],
)
async def test_a_verdict_knows_the_names(
    stage: Stage, channel: Channel, raw: bytes, names: tuple[str, ...] | None
) -> None:
    record = capture(channel=channel, host="a.test", scheme="https", raw=raw, content_type="application/json")
    stored = stage.reader.get(await stage.add(record))
    assert stored is not None
    assert call_detail(stored, stored.as_contract(), raw).attachments == names
