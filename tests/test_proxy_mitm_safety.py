"""Ways round that safety.md names, each aimed at a destination that is opted in: judged by what reached it, nothing."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from mitm_house import MitmHouse, mitm_house, until_end
from stand_in import Place

from policies.raw_connection import RawConnection
from proxy.listener import Listener
from proxy.steered import SteeredPlain, SteeredTls

NAME = "sandbox.test"


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[MitmHouse]:
    async with mitm_house(tmp_path) as house:
        yield house


async def opened(house: MitmHouse, **more: object) -> Place:
    """A destination that is opted in by name: the same request without the trick would arrive."""
    place = await house.stand_in.http()
    house.stand_in.names.set(NAME, (place.address,))
    house.opt_in(f"{NAME}:{place.port}", **more)
    return place


def get(uri: str, *fields: str, version: str = "1.1") -> str:
    return "\r\n".join((f"GET {uri} HTTP/{version}", *fields, "Connection: close", "", ""))


def post(*fields: str, body: str = "") -> str:
    return "\r\n".join(("POST http://HOST/ HTTP/1.1", "Host: HOST", *fields, "Connection: close", "", body))


IN_THE_CLEAR = [
    pytest.param(get("http://HOST/", "Host: other.test"), id="absolute-uri-against-host"),
    pytest.param(get("http://other.test/", "Host: HOST"), id="host-against-absolute-uri"),
    pytest.param(get("http://HOST/", "Host: HOST", "Host: HOST"), id="two-hosts-that-agree"),
    pytest.param(get("http://HOST/", "Host: HOST", "Host: other.test"), id="two-hosts-that-differ"),
    pytest.param(get("http://HOST/"), id="no-host"),
    pytest.param(get("http://sandbox.test:1/", "Host: HOST"), id="ports-that-differ"),
    pytest.param(get("http://me@HOST/", "Host: HOST"), id="user-information"),
    pytest.param(get("http://HOST\\@other.test/", "Host: HOST"), id="backslash"),
    pytest.param(get("http://SANDBOX.test:PORT/", "Host: SANDBOX.test:PORT"), id="upper-case-name"),
    pytest.param(get("http://sandbox.test.:PORT/", "Host: sandbox.test.:PORT"), id="trailing-dot"),
    pytest.param(get("http://s\u0430ndbox.test:PORT/", "Host: s\u0430ndbox.test:PORT"), id="homoglyph"),
    pytest.param(get("http://2130706946:PORT/", "Host: 2130706946:PORT"), id="address-as-one-number"),
    pytest.param(get("http://0177.0.2.1:PORT/", "Host: 0177.0.2.1:PORT"), id="octal-address"),
    pytest.param(get("http://0x7f000201:PORT/", "Host: 0x7f000201:PORT"), id="hexadecimal-address"),
    pytest.param(get("http://127.0.513:PORT/", "Host: 127.0.513:PORT"), id="short-address"),
    pytest.param(get("http://127.0.2.1:PORT/", "Host: 127.0.2.1:PORT"), id="the-plain-address-of-an-opted-in-name"),
    pytest.param(get("http://[::ffff:127.0.2.1]:PORT/", "Host: [::ffff:127.0.2.1]:PORT"), id="mapped-address"),
    pytest.param(get("http://[64:ff9b::7f00:201]:PORT/", "Host: [64:ff9b::7f00:201]:PORT"), id="nat64-address"),
    pytest.param(get("http://[2002:7f00:201::]:PORT/", "Host: [2002:7f00:201::]:PORT"), id="6to4-address"),
    pytest.param(get("http://169.254.169.254/", "Host: 169.254.169.254"), id="metadata-address"),
    pytest.param(get("http://metadata.google.internal/", "Host: metadata.google.internal"), id="metadata-name"),
    pytest.param(get("http://x.sandbox.test:PORT/", "Host: x.sandbox.test:PORT"), id="a-name-below"),
    pytest.param(get("http://evilsandbox.test:PORT/", "Host: evilsandbox.test:PORT"), id="a-name-that-ends-alike"),
    pytest.param(
        get("http://HOST/", "Host: HOST", "Upgrade: H2C", "HTTP2-Settings: AAMAAABk"), id="upgrade-in-capitals"
    ),
    pytest.param(get("http://HOST/", "Host: HOST", "Upgrade: raw"), id="any-other-upgrade"),
    pytest.param(get("http://HOST/", "Host: HOST", "Upgrade: websocket, h2c"), id="websocket-and-another"),
    pytest.param(post("Content-Length: 5", "Transfer-Encoding: chunked", body="0\r\n\r\n"), id="two-lengths"),
    pytest.param(post("Content-Length: 5", "Content-Length: 6", body="12345"), id="two-content-lengths"),
    pytest.param(post("Content-Length: +5", body="12345"), id="odd-content-length"),
    pytest.param(post("Transfer-Encoding: chunked, identity", body="0\r\n\r\n"), id="odd-transfer-coding"),
    pytest.param(post("Transfer-Encoding : chunked", body="0\r\n\r\n"), id="space-before-colon"),
    pytest.param(post("X: a", " folded", body=""), id="folded-line"),
    pytest.param(post("X: a\rb"), id="bare-carriage-return"),
    pytest.param(post("X: a\nHost: other.test"), id="bare-line-feed"),
    pytest.param(post("X: a\0b"), id="nul"),
    pytest.param(post("Transfer-Encoding: chunked", body="1\r\na\r\n0\r\nX: y\r\n\r\n"), id="trailer-fields"),
    pytest.param(post("Transfer-Encoding: chunked", body="1\r\nabc\r\n0\r\n\r\n"), id="chunk-longer-than-its-size"),
    pytest.param(
        "GET http://HOST/ HTTP/1.0\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", id="old-chunked"
    ),
]


@pytest.mark.parametrize("request_", IN_THE_CLEAR)
async def test_a_way_round_in_the_clear_is_refused_recorded_and_reaches_nobody(house: MitmHouse, request_: str) -> None:
    place = await opened(house)
    octets = request_.replace("HOST", f"{NAME}:{place.port}").replace("PORT", str(place.port)).encode()

    told = await house.say(octets)

    assert house.stand_in.arrivals == []
    assert told == b"" or int(told.split(b" ", 2)[1]) >= 400
    assert house.gate.taken, "what was attempted is known"
    assert not any(taken.left for taken in house.gate.taken)


async def test_the_same_request_without_a_trick_arrives(house: MitmHouse) -> None:
    place = await opened(house)
    told = await house.say(get(f"http://{NAME}:{place.port}/", f"Host: {NAME}:{place.port}").encode())
    assert told.startswith(b"HTTP/1.1 200")
    assert len(place.requests) == 1


@pytest.mark.parametrize(
    "path", ["/v1/../admin", "/v1/%2e%2e/admin", "/v1/..%2fadmin", "/v1//x", "/v1/%61", "/v1/\\..\\admin"]
)
async def test_an_encoded_path_does_not_pass_a_path_rule(house: MitmHouse, path: str) -> None:
    place = await opened(house, paths="[/v1/**]")
    await house.say(get(f"http://{NAME}:{place.port}{path}", f"Host: {NAME}:{place.port}").encode())
    assert house.stand_in.arrivals == []
    assert [taken.left for taken in house.gate.taken] == [False]


async def test_a_name_that_also_resolves_to_a_forbidden_address_is_not_dialled(house: MitmHouse) -> None:
    place = await opened(house)
    house.stand_in.names.set(NAME, (place.address, "169.254.169.254"))
    told = await house.say(get(f"http://{NAME}:{place.port}/", f"Host: {NAME}:{place.port}").encode())
    assert told.startswith(b"HTTP/1.1 403"), "a refusal of ours, not a failure of the network"
    assert house.stand_in.arrivals == []
    assert house.gate.taken[0].settled[0][0] is False


async def test_a_name_that_is_rebound_is_judged_at_its_one_resolution(house: MitmHouse) -> None:
    place = await opened(house)
    house.stand_in.names.set(NAME, ("10.0.0.1",), (place.address,))
    await house.say(get(f"http://{NAME}:{place.port}/", f"Host: {NAME}:{place.port}").encode())
    assert house.stand_in.arrivals == []
    assert house.stand_in.names.asked == [NAME]


async def test_a_tunnel_and_its_handshake_dial_nothing(house: MitmHouse) -> None:
    """Lazy: not for the connection, not for the certificate, not for the name."""
    await opened(house)
    place = house.stand_in.places[0]
    _, writer = await house.tunnel(f"{NAME}:{place.port}")
    writer.close()
    await house.gate.until(lambda: bool(house.gate.taken))
    assert house.stand_in.arrivals == []
    assert house.stand_in.names.asked == []
    assert house.gate.taken[0].effect.flags == ("unreadable",), "to connect is an attempt already"


async def test_a_tunnel_with_bytes_that_are_no_tls_reaches_nobody(house: MitmHouse) -> None:
    place = await opened(house)
    reader, writer = await asyncio.open_connection(*house.proxy)
    writer.write(f"CONNECT {NAME}:{place.port} HTTP/1.1\r\nHost: {NAME}:{place.port}\r\n\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"\x00\x01raw bytes\r\n\r\n")
    assert await until_end(reader) == b""
    writer.close()
    assert house.stand_in.arrivals == []
    assert [type(taken.seen) for taken in house.gate.taken] == [RawConnection]


@pytest.mark.parametrize("octets", [b"\x00\x01\x02 not http\r\n\r\n", b"SSH-2.0-x\r\n", b"\r\n\r\n\x7f"])
async def test_bytes_inside_tls_that_are_no_http_reach_nobody(house: MitmHouse, octets: bytes) -> None:
    place = await opened(house)
    reader, writer = await house.tunnel(f"{NAME}:{place.port}")
    writer.write(octets)
    assert b" 200 " not in await until_end(reader)
    writer.close()
    assert house.stand_in.arrivals == []
    assert [type(taken.seen) for taken in house.gate.taken] == [RawConnection]


async def test_a_connect_after_a_first_request_opens_no_tunnel(house: MitmHouse) -> None:
    place = await opened(house)
    host = f"{NAME}:{place.port}"
    reader, writer = await asyncio.open_connection(*house.proxy)
    writer.write(f"GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    await until_end(reader, b"true}")
    writer.write(f"CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n\r\nraw".encode())
    assert (await until_end(reader)).startswith(b"HTTP/1.1 400")
    writer.close()
    assert len(place.requests) == 1
    assert b"raw" not in place.received


@pytest.mark.parametrize(
    ("target", "sni", "host"),
    [
        pytest.param("sandbox.test:PORT", "other.test", "sandbox.test:PORT", id="sni-against-connect-and-host"),
        pytest.param("sandbox.test:PORT", "sandbox.test", "other.test:PORT", id="host-against-sni-and-connect"),
        pytest.param("other.test:PORT", "sandbox.test", "sandbox.test:PORT", id="connect-against-sni-and-host"),
        pytest.param("other.test:443", "sandbox.test", "sandbox.test:PORT", id="connect-and-host-mean-other-ports"),
        pytest.param("127.0.2.1:PORT", "sandbox.test", "sandbox.test:PORT", id="connect-by-number-to-a-name"),
    ],
)
async def test_names_that_disagree_over_tls_reach_nobody(house: MitmHouse, target: str, sni: str, host: str) -> None:
    place = await house.stand_in.http(tls=NAME)
    house.stand_in.names.set(NAME, (place.address,))
    house.stand_in.names.set("other.test", (place.address,))
    house.opt_in(f"{NAME}:{place.port}", f"other.test:{place.port}")
    port = str(place.port)

    reader, writer = await house.tunnel(target.replace("PORT", port), sni=sni)
    writer.write(f"GET / HTTP/1.1\r\nHost: {host.replace('PORT', port)}\r\nConnection: close\r\n\r\n".encode())
    told = await until_end(reader)
    writer.close()

    assert told.startswith(b"HTTP/1.1 403")
    assert house.stand_in.arrivals == []
    assert [taken.decision.rule for taken in house.gate.taken] == ["never:names-disagree"]


async def test_a_destination_with_a_certificate_for_another_name_is_sent_nothing(house: MitmHouse) -> None:
    place = await house.stand_in.http(tls="somebody-else.test")
    house.stand_in.names.set(NAME, (place.address,))
    house.opt_in(f"{NAME}:{place.port}")

    reader, writer = await house.tunnel(f"{NAME}:{place.port}")
    writer.write(f"GET /secret HTTP/1.1\r\nHost: {NAME}:{place.port}\r\n\r\n".encode())
    told = await until_end(reader)
    writer.close()

    assert told.startswith(b"HTTP/1.1 502")
    assert place.requests == []
    assert place.received == b""
    assert house.gate.taken[0].settled[0][0] is True, "a handshake reached it: in doubt it left"


async def test_a_destination_that_switches_protocols_unasked_gets_no_tunnel(house: MitmHouse) -> None:
    switch = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n"
    place = await house.stand_in.http(answer=switch)
    house.opt_in(f"127.0.2.1:{place.port}")
    host = f"127.0.2.1:{place.port}"

    told = await house.say(f"GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\n\r\nraw bytes after".encode())

    assert b"101" not in told
    assert b"raw bytes" not in place.received
    assert house.gate.taken[0].left


async def test_an_expired_opt_in_lets_nothing_out(house: MitmHouse) -> None:
    place = await opened(house, expires=datetime.now(UTC) - timedelta(seconds=1))
    await house.say(get(f"http://{NAME}:{place.port}/", f"Host: {NAME}:{place.port}").encode())
    assert house.stand_in.arrivals == []


async def test_a_policy_changed_between_two_requests_counts_for_the_second(house: MitmHouse) -> None:
    place = await opened(house)
    host = f"{NAME}:{place.port}"
    reader, writer = await asyncio.open_connection(*house.proxy)
    request = f"GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    writer.write(request)
    await until_end(reader, b"true}")
    house.opt_in("nobody.test")
    writer.write(request)
    assert (await until_end(reader, b"}")).startswith(b"HTTP/1.1 403")
    writer.close()
    assert len(place.requests) == 1


async def test_a_kept_connection_is_not_used_by_a_decision_that_does_not_let_it_go_there(house: MitmHouse) -> None:
    place = await opened(house)
    host = f"{NAME}:{place.port}"
    reader, writer = await asyncio.open_connection(*house.proxy)
    writer.write(f"GET http://{host}/first HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    await until_end(reader, b"true}")
    house.opt_in(host, addresses="127.0.9.0/24")
    writer.write(f"GET http://{host}/second HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    assert (await until_end(reader)).startswith(b"HTTP/1.1 403")
    writer.close()
    assert b"/second" not in place.received
    assert len(place.arrivals) == 1
    assert house.gate.taken[1].settled[0][0] is False


async def test_the_steered_entrances_meet_the_same_rules(house: MitmHouse) -> None:
    plain, secure = await house.stand_in.http(), await house.stand_in.http(tls=NAME)
    house.stand_in.names.set(NAME, ("127.0.2.1",))
    house.opt_in(f"{NAME}:{plain.port}", f"{NAME}:{secure.port}")
    chooser = house.chooser
    listeners = [
        Listener(SteeredPlain(chooser, house.gate, meant_port=plain.port)),
        Listener(SteeredTls(chooser, house.gate, meant_port=secure.port)),
    ]
    http, https = [await listener.start("127.0.0.1", 0) for listener in listeners]

    good = f"GET /good HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n".encode()
    bad = b"GET /bad HTTP/1.1\r\nHost: other.test\r\nConnection: close\r\n\r\n"
    assert (await house.say(good, to=http)).startswith(b"HTTP/1.1 200")
    assert not (await house.say(bad, to=http)).startswith(b"HTTP/1.1 200")
    for request in (good, bad):
        reader, writer = await asyncio.open_connection(*https, ssl=house.client_tls(), server_hostname=NAME)
        writer.write(request)
        told = await until_end(reader)
        writer.close()
        assert told.startswith(b"HTTP/1.1 200") is (request is good)
    assert b"/bad" not in plain.received + secure.received
    assert len(plain.requests) == len(secure.requests) == 1
    for listener in listeners:
        await listener.stop()
