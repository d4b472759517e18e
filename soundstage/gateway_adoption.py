"""Adoption as the gateway serves it: a contained run's own sockets, answered by entrances that know whose they are."""

import asyncio
import contextlib
import socket
import sys
from collections.abc import AsyncIterator

from policies.http_request import RunClaim
from proxy.accept import Entrance, Peer
from soundstage.adopted import AdoptedEntrances, adopted
from soundstage.adoption_socket import AdoptionServer, Sockets
from soundstage.gateway_entrances import Entrances
from soundstage.gateway_explicit import explicit_entrance
from soundstage.gateway_gate import Judging
from soundstage.gateway_ground import Ground
from soundstage.gateway_transparent import responder, transparent_entrance
from soundstage.settings import Settings

NAMESPACE = "namespace"
"""How a run is contained whose whole network was passed to us."""


@contextlib.asynccontextmanager
async def adopting(settings: Settings, floor: Ground, judge: Judging, doors: Entrances) -> AsyncIterator[None]:
    """Ready to adopt while the block lasts, on systems that have such sockets."""
    if sys.platform != "linux":
        yield
        return
    server = _server(settings, floor, judge, doors)
    await server.start(settings.data_dir)
    try:
        yield
    finally:
        await server.stop()


def _server(settings: Settings, floor: Ground, judge: Judging, doors: Entrances) -> AdoptionServer:
    @contextlib.asynccontextmanager
    async def adopt(claim: RunClaim | None, sockets: Sockets) -> AsyncIterator[None]:
        if claim is not None:
            _prove(floor, claim)
        async with adopted(sockets, _entrances(settings, floor, judge, doors, claim), judge.in_flight, claim):
            if claim is not None:
                await asyncio.to_thread(floor.runs.contained, claim.run, NAMESPACE)
            yield

    return AdoptionServer(adopt)


def _prove(floor: Ground, claim: RunClaim) -> None:
    """ValueError: nobody else's network may be entered on a run."""
    if floor.runs.held(claim.run) is None:
        raise ValueError(f"there is no open run {claim.run[:100]!r}")
    if not floor.runs.keys.proves(claim):
        raise ValueError(f"the token is not that of the run {claim.run!r}")


def _entrances(
    settings: Settings, floor: Ground, judge: Judging, doors: Entrances, claim: RunClaim | None
) -> AdoptedEntrances:
    """`redirected` is the catch-all; the others are what the run's variables name."""
    names = {digit: responder(settings, floor, judge, doors.names, claim) for digit in ("4", "6")}
    by_name: dict[str, Entrance] = {
        "redirected": transparent_entrance(doors, judge, claim, questions=names["4"]),
        "proxy": explicit_entrance(doors, judge, claim, names["4"]),
        "smtp": _mail(doors, claim, implicit_tls=False),
        "smtps": _mail(doors, claim, implicit_tls=True),
    }
    return AdoptedEntrances(by_name, names)


def _mail(doors: Entrances, claim: RunClaim | None, *, implicit_tls: bool) -> Entrance:
    async def serve(sock: socket.socket, peer: Peer) -> None:
        if doors.post is None:
            raise RuntimeError("the mail entrance is not listening yet")
        host, port = sock.getsockname()[:2]
        meant = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        await doors.post.serve(sock, peer, implicit_tls=implicit_tls, port=port, claim=claim, meant=meant)

    return serve
