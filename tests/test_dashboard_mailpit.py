"""Mailpit's API over a real dashboard: shapes, marks, removal, sending, signing in; and what it never does."""

import base64
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from dashboard_stage import ADMIN, Stage, mail, staged
from hypothesis import given
from hypothesis import strategies as st
from mailbox_stage import records, welcome
from running import PATIENCE

from dashboard.mailpit_addresses import addresses

ROOT = "/mailpit/api/v1"


@pytest_asyncio.fixture(scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """Three mails, newest last, and nothing a test changes that another one asks for."""
    async with staged(tmp_path_factory.mktemp("mailpit")) as made:
        await made.add(*records())
        yield made


@pytest_asyncio.fixture(scope="module")
async def api(stage: Stage) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        base_url=stage.url, auth=("anybody", ADMIN), trust_env=False, timeout=PATIENCE
    ) as client:
        yield client


async def ids(api: httpx.AsyncClient) -> list[str]:
    return [one["ID"] for one in (await api.get(f"{ROOT}/messages")).json()["messages"]]


async def test_a_list_is_as_mailpit_has_it(api: httpx.AsyncClient) -> None:
    told = (await api.get(f"{ROOT}/messages", params={"limit": 1})).json()
    (message,) = told.pop("messages")
    assert told == {
        "total": 3, "unread": 3, "count": 1, "messages_count": 3, "messages_unread": 3, "start": 0, "tags": [],
    }  # fmt: skip
    assert message.pop("ID")
    assert message.pop("Created").endswith("Z")
    assert message.pop("Snippet") == "Hello John, your code is 123456. Bye."
    assert message == {
        "MessageID": "welcome-1@shop.test",
        "From": {"Name": "Ann Sender", "Address": "ann@shop.test"},
        "To": [{"Name": "Doe, John", "Address": "john@x.test"}, {"Name": "", "Address": "bob@x.test"}],
        "Cc": [{"Name": "", "Address": "carol@x.test"}],
        "Bcc": [{"Name": "", "Address": "hidden@x.test"}],
        "ReplyTo": [{"Name": "", "Address": "help@shop.test"}],
        "Subject": "Welcome to our shop, Jörg",
        "Username": "",
        "Tags": [],
        "Size": len(welcome()),
        "Attachments": 1,
        "Read": False,
    }


async def test_a_mail_is_as_mailpit_has_it_and_is_read_then(api: httpx.AsyncClient) -> None:
    told = (await api.get(f"{ROOT}/message/latest")).json()
    assert told["Date"] == "2026-11-22T08:00:00+01:00"
    assert told["ReturnPath"] == "ann@shop.test"
    assert told["Text"] == "Hello John, your code is 123456.\r\nBye.\r\n"
    assert told["HTML"].startswith("<p>Hello <b>John</b></p>")
    assert told["ListUnsubscribe"] == {
        "Header": "<https://shop.test/u?1>, <mailto:u@shop.test>",
        "Links": ["https://shop.test/u?1", "mailto:u@shop.test"],
        "Errors": "",
        "HeaderPost": "",
    }
    (inline,), (attached,) = told["Inline"], told["Attachments"]
    assert (inline["PartID"], inline["ContentID"], inline["FileName"]) == ("1.2.2", "logo", "logo.png")
    assert attached.pop("Checksums")["MD5"] == "64db84159331a83ceeabcff6006c403c"
    assert attached == {
        "PartID": "2", "FileName": "terms.pdf", "ContentType": "application/pdf", "ContentID": "", "Size": 10,
    }  # fmt: skip
    listed = (await api.get(f"{ROOT}/search", params={"query": "is:read"})).json()
    assert [one["ID"] for one in listed["messages"]] == [told["ID"]]
    assert (listed["unread"], listed["messages_unread"]) == (2, 0)
    assert (await api.get(f"{ROOT}/info")).json()["Unread"] == 2
    await api.put(f"{ROOT}/messages", json={"Read": False})


async def test_the_latest_that_matches(api: httpx.AsyncClient) -> None:
    told = (await api.get(f"{ROOT}/message/latest", params={"query": "subject:reset"})).json()
    assert told["Subject"] == "Reset your password"
    assert (await api.get(f"{ROOT}/message/latest", params={"query": "subject:nothing"})).status_code == 404
    assert told["Username"] == "ci-1"
    await api.put(f"{ROOT}/messages", json={"Read": False})


async def test_headers_source_and_parts(api: httpx.AsyncClient) -> None:
    newest = (await ids(api))[0]
    headers = (await api.get(f"{ROOT}/message/{newest}/headers")).json()
    assert headers["Message-Id"] == ["<welcome-1@shop.test>"]
    assert list(headers) == sorted(headers)
    source = await api.get(f"{ROOT}/message/{newest}/raw")
    assert source.headers["content-type"] == "text/plain; charset=utf-8"
    part = await api.get(f"{ROOT}/message/{newest}/part/2")
    assert (part.content, part.headers["content-type"]) == (b"%PDF-1.4 x", "application/pdf")
    assert part.headers["content-disposition"] == 'attachment; filename="terms.pdf"'
    page = await api.get(f"{ROOT}/message/{newest}/part/1.2.1")
    assert page.headers["content-type"] == "application/octet-stream"
    assert "sandbox" in page.headers["content-security-policy"]
    assert (await api.get(f"{ROOT}/message/{newest}/part/9")).status_code == 404


async def test_views_are_disarmed(api: httpx.AsyncClient) -> None:
    shown = await api.get("/mailpit/view/latest.html")
    assert shown.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert "data:image/png;base64," in shown.text
    assert (await api.get("/mailpit/view/latest.txt")).text.startswith("Hello John")


@pytest.mark.parametrize("what", ["link-check", "html-check", "sa-check", "part/1.2.2/thumb"])
async def test_what_would_ask_others_is_absent(api: httpx.AsyncClient, what: str) -> None:
    answer = await api.get(f"{ROOT}/message/latest/{what}")
    assert answer.status_code == 501
    assert answer.json()["detail"].startswith("Soundstage ")


@pytest.mark.parametrize(
    ("path", "auth", "status"),
    [
        pytest.param(f"{ROOT}/messages", None, 401, id="nobody"),
        pytest.param(f"{ROOT}/messages", ("x", "wrong"), 401, id="wrong-password"),
        pytest.param(f"{ROOT}/messages", ("x", ""), 401, id="empty-password"),
        pytest.param(f"{ROOT}/messages", ("", ADMIN), 200, id="any-name"),
        pytest.param("/mailpit/livez", ("x", ADMIN), 200, id="livez"),
        pytest.param("/mailpit/readyz", None, 401, id="readyz-tells-nobody"),
        pytest.param("/api/captures", ("x", ADMIN), 401, id="no-password-elsewhere"),
        pytest.param("/mailpit/../api/captures", ("x", ADMIN), 401, id="nor-by-a-detour"),
        pytest.param("/inbox", ("x", ADMIN), 401, id="nor-for-pages"),
    ],
)
async def test_a_password_opens_these_addresses_alone(
    stage: Stage, path: str, auth: tuple[str, str] | None, status: int
) -> None:
    async with httpx.AsyncClient(trust_env=False, auth=auth, timeout=PATIENCE) as client:
        answer = await client.get(httpx.URL(stage.url).copy_with(raw_path=path.encode()))
    assert answer.status_code in ({status, 404} if ".." in path else {status})
    if status == 401 and path.startswith(ROOT):
        assert answer.headers["www-authenticate"].startswith("Basic ")


@pytest.mark.parametrize(
    ("path", "says"),
    [
        (f"{ROOT}/messages", "any user name will do: http://x:TOKEN@localhost:8025/mailpit."),
        ("/mailhog/api/v2/messages", "any user name will do: http://x:TOKEN@localhost:8025/mailhog."),
        ("/api/v2/messages", "any user name will do: http://x:TOKEN@localhost:8025."),
        ("/api/v1/messages", "Mailpit's API is under /mailpit here, and MailHog's under /mailhog."),
    ],
)
async def test_who_brings_no_password_is_told_what_one_is(stage: Stage, path: str, says: str) -> None:
    async with httpx.AsyncClient(trust_env=False, auth=("x", "wrong"), timeout=PATIENCE) as client:
        assert (await client.get(f"{stage.url}{path}")).json()["detail"].endswith(says)


async def test_who_looks_for_their_pages_finds_the_inbox(stage: Stage) -> None:
    async with httpx.AsyncClient(base_url=stage.url, trust_env=False, timeout=PATIENCE) as client:
        asked = await client.get("/mailpit/", headers={"accept": "text/html"})
        assert "Sign in" in asked.text, "a page's own sign-in, no browser's question for a password"
        for path in ("/mailpit", "/mailpit/", "/mailhog", "/mailhog/"):
            answer = await client.get(path, headers=stage.bearer)
            assert (answer.status_code, answer.headers["location"]) == (303, "/inbox")


@pytest.mark.parametrize("header", ["Basic", "Basic ???", "Basic " + base64.b64encode(b"no colon").decode()])
async def test_what_is_no_password_opens_nothing(stage: Stage, header: str) -> None:
    async with httpx.AsyncClient(trust_env=False, headers={"authorization": header}, timeout=PATIENCE) as client:
        assert (await client.get(f"{stage.url}{ROOT}/messages")).status_code == 401


async def test_a_call_and_what_is_missing_are_no_mail(api: httpx.AsyncClient, stage: Stage) -> None:
    for mail_id in ("nobody", "../../admin.token", "%2e%2e"):
        assert (await api.get(f"{ROOT}/message/{mail_id}")).status_code == 404
    call = mail("By an API", ["a@b.test"], b"{}", host="api.sendgrid.com", scheme="https", port=443)
    await stage.add(call)
    assert (await api.get(f"{ROOT}/message/{call.capture.id}")).status_code == 404
    assert (await api.get(f"{ROOT}/messages")).json()["total"] == 3


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param(b"a@b.c", [("", "a@b.c")], id="bare"),
        pytest.param(b"=?utf-8?q?Doe=2C_J?= <j@x.y>", [("Doe, J", "j@x.y")], id="a-comma-that-parts-nobody"),
        pytest.param(b'"A \\"B\\" C" <a@b.c>, d@e.f', [('A "B" C', "a@b.c"), ("", "d@e.f")], id="quoted"),
        pytest.param(b"friends: a@b.c, d@e.f;", [("", "a@b.c"), ("", "d@e.f")], id="group"),
        pytest.param(b"undisclosed-recipients:;", [], id="nobody"),
        pytest.param(b"a@b.c (Ann B)", [("Ann B", "a@b.c")], id="comment"),
        pytest.param(b"<>, ,;", [], id="nothing"),
    ],
)
def test_addresses_of_a_field(value: bytes, shown: list[tuple[str, str]]) -> None:
    assert [(one["Name"], one["Address"]) for one in addresses([value])] == shown


@given(st.binary(max_size=300))
def test_any_octets_are_a_field(value: bytes) -> None:
    assert all(one["Name"] or one["Address"] for one in addresses([value]))
