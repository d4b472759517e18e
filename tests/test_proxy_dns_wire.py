"""DNS on the wire: silent and vanishing clients, and answers that are none."""

import asyncio

from proxy.accept import listening_socket
from proxy.dns_wire import TcpQuestions, UdpQuestions


async def upper(message: bytes, source: str, protocol: str) -> bytes | None:
    return f"{source} {protocol} ".encode() + message.upper() if message != b"none" else None


async def test_datagrams_are_answered_to_their_sender() -> None:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: UdpQuestions(upper), local_addr=("127.0.0.1", 0))
    heard: asyncio.Future[bytes] = loop.create_future()

    class Client(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: object) -> None:
            heard.set_result(data)

    client, _ = await loop.create_datagram_endpoint(Client, remote_addr=transport.get_extra_info("sockname"))
    client.sendto(b"none")
    client.sendto(b"abc")
    assert await asyncio.wait_for(heard, 60) == b"127.0.0.1 dns ABC"
    client.close()
    transport.close()


async def test_messages_are_cut_by_their_length() -> None:
    sock = listening_socket("127.0.0.1", 0)
    questions = TcpQuestions(sock, upper)
    reader, writer = await asyncio.open_connection(*sock.getsockname())
    for piece in (b"\0", b"\3a", b"bc\0\2", b"de", b"\0\4none"):
        writer.write(piece)
        await writer.drain()
    assert await asyncio.wait_for(reader.read(), 60) == b"\0\x15127.0.0.1 dns-tcp ABC\0\x14127.0.0.1 dns-tcp DE"
    writer.close()
    await writer.wait_closed()
    await questions.stop()


async def test_a_client_that_vanishes_in_a_message_is_forgotten() -> None:
    sock = listening_socket("127.0.0.1", 0)
    questions = TcpQuestions(sock, upper)
    _, writer = await asyncio.open_connection(*sock.getsockname())
    writer.write(b"\0\x10abc")
    writer.close()
    await writer.wait_closed()
    await asyncio.wait_for(questions.stop(), 60)
