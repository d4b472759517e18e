"""Nothing leaves: every way round of the safety design, by every way in, both engines, judged by the stand-in alone.

Here: requests that are tricks in themselves (`leak_tricks` has them by name): names that disagree (SNI, CONNECT,
absolute URI, Host, two Hosts), names read in two ways (user-info, backslash, dot, case, punycode, homoglyph), wildcard
over-match, addresses in every spelling and IPv4 inside IPv6, metadata, other services beside an opted-in one, upgrades,
smuggling, aws-chunked bodies, paths, DNS over HTTPS, methods and paths by header field.

In `test_story_leaks_connections`: tunnels (to 25, 53, 853 and other ports, silent, not TLS), handshakes (cut, long,
encrypted, pinned), bytes that are no HTTP, rebinding, hooks that raise, Soundstage's own sockets, pipelining, broken
uploads. In `test_story_leaks_http2`: authorities, coalescing, gRPC, no ALPN.
In `test_story_leaks_opted_in`: what does leave, exactly that, and no longer than it may: redirects from it, WebSocket
messages, kept connections that switch host, a hook that raises on the second request, Alt-Svc, expiry. In
`test_story_leaks_mail`: mail.

Not to be met by these ways in: QUIC is UDP, which neither entrance listens to (Alt-Svc is stripped so that no client is
told of it); DNS tunnelling and mitmproxy's dns mode, for DNS is the responder's (`test_proxy_dns_responder`); clients
that ignore proxy variables and NO_PROXY meet the steered ways or the network's own closure; allow_hosts, ignore_hosts,
eager connections and upstream_cert are asserted at start (`test_proxy_mitm_options`); forgotten certificates are
`test_proxy_mitm_tls`; a ledger that is gone is `test_story_faults`.
"""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from leak_house import Engine, LeakHouse, Way, head, leak_house, stayed
from leak_tricks import Trick, cases


@pytest_asyncio.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LeakHouse]:
    async with leak_house(tmp_path_factory.mktemp("leaks")) as house:
        yield house


@pytest.mark.parametrize(("trick", "way", "engine"), cases())
async def test_a_way_round_reaches_nobody_and_is_recorded(
    house: LeakHouse, trick: Trick, way: Way, engine: Engine
) -> None:
    before = len(house.stand_in.arrivals)
    played = trick.played(way, engine, house.port(way))
    async with house.visit(way, engine) as visit:
        streams = await visit.begin(played.connect, played.sni)
        if streams is not None:
            streams[1].write(played.octets)
            await head(streams[0])
            streams[1].close()
        captures = await visit.captures()
    assert await house.reached() == before
    assert [capture.id for capture in captures if not stayed(capture)] == []
