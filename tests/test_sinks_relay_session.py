"""Our side of SMTP: replies read, dots stuffed."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.relay_session import RelayGone, RelayReply, RelaySession, stuffed
from sinks.smtp_data import SmtpData


@given(st.lists(st.sampled_from([b"a", b".", b"\r\n", b".\r\n", b"\r\n."])), st.data())
def test_what_is_stuffed_is_read_back(pieces: list[bytes], data: st.DataObject) -> None:
    message = b"".join(pieces)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(message)), max_size=6)))
    chunks = [message[start:end] for start, end in zip([0, *cuts], [*cuts, len(message)], strict=True)]
    got: list[bytes] = []
    rest = SmtpData(10**6, got.append).feed(b"".join(stuffed(chunks)))
    assert rest == b""
    assert b"".join(got) == (message if message.endswith(b"\r\n") or not message else message + b"\r\n")


async def heard(*octets: bytes) -> RelaySession:
    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for part in octets:
            writer.write(part)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    server.close()
    return RelaySession(reader, writer)


@pytest.mark.parametrize(
    ("octets", "reply"),
    [
        pytest.param((b"250 ok\r\n",), RelayReply(250, "ok"), id="one-line"),
        pytest.param((b"250-a\r\n25", b"0 b\r\n"), RelayReply(250, "a\nb"), id="two-lines-in-pieces"),
        pytest.param((b"550\r\n",), RelayReply(550, ""), id="code-alone"),
        pytest.param((b"250 ok\n",), RelayReply(250, "ok"), id="bare-lf"),
    ],
)
async def test_replies(octets: tuple[bytes, ...], reply: RelayReply) -> None:
    session = await heard(*octets)
    assert await session.reply() == reply
    await session.close(politely=False)


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        pytest.param(b"", "it closed the connection", id="closed"),
        pytest.param(b"SSH-2.0-OpenSSH\r\n", "no SMTP reply", id="another-protocol"),
        pytest.param(b"x" * 100_000, "without an end", id="endless-line"),
        pytest.param(b"250-x\r\n" * 50_000, "no SMTP reply", id="endless-reply"),
    ],
)
async def test_what_is_no_reply(octets: bytes, why: str) -> None:
    session = await heard(octets)
    with pytest.raises(RelayGone, match=why):
        await session.reply()
    await session.close(politely=False)


async def test_a_silent_server_is_given_up() -> None:
    done = asyncio.Event()

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await done.wait()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    session = RelaySession(*await asyncio.open_connection(*server.sockets[0].getsockname()))
    with pytest.raises(RelayGone, match="was silent"):
        await session.reply(0.05)
    done.set()
    await session.close(politely=False)
    server.close()


async def test_a_line_break_in_a_command_is_never_sent() -> None:
    session = await heard(b"250 ok\r\n")
    with pytest.raises(ValueError, match="control character"):
        await session.command("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>")
    await session.close(politely=False)
