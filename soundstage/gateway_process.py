"""The gateway process: opens its rooms one on the other, proves itself, lets traffic in, and closes in reverse."""

import argparse
import asyncio
import contextlib
import gc
import signal

from ledger.reader import Reader
from policies.never import Socket
from proxy.self_test import SelfTestFailed, self_test
from sinks.handed_in import HandedIn
from sinks.release import Release
from soundstage.child_side import ChildSide, run_child
from soundstage.desk import Desk
from soundstage.gateway_adoption import adopting
from soundstage.gateway_entrances import Entrances, entrances
from soundstage.gateway_facts import GatewayFacts
from soundstage.gateway_gate import Judging, judging
from soundstage.gateway_ground import Ground, ground
from soundstage.gateway_packets import refused_packets
from soundstage.gateway_runs_wiring import gateway_runs
from soundstage.gateway_wireguard import wireguard
from soundstage.handed_over import HandedOver
from soundstage.huge_pages import gather
from soundstage.powers import keep_to_oneself
from soundstage.settings import Settings
from soundstage.told_to_operator import told_to_operator

SETTLED_SECONDS = 10.0
COLLECTED_AFTER = 10_000
"""New objects between two collections. At the interpreter's own 2,000 what is remembered for a while, of hundreds of
requests, was walked each time; at this most of it is gone before. None of it was ever garbage."""


def main(arguments: argparse.Namespace) -> int:
    """Run as a child of `soundstage up`."""
    keep_to_oneself()
    return run_child("gateway", serve)


async def serve(side: ChildSide) -> None:
    """Serve until the stop. Raises ConfigError where something the operator gave cannot be used."""
    settings = Settings.model_validate(side.order["settings"])
    dashboard: Socket = tuple(side.order["dashboard"])
    async with contextlib.AsyncExitStack() as open_rooms:
        floor = await open_rooms.enter_async_context(ground(settings))
        judge = await open_rooms.enter_async_context(judging(settings, floor))
        judge.own_sockets.append(dashboard)
        doors = await open_rooms.enter_async_context(entrances(settings, floor, judge))
        with told_to_operator(SelfTestFailed):
            await self_test(doors.engine, doors.bound, doors.chooser.forced, doors.ca.path)
        packets = await open_rooms.enter_async_context(refused_packets(settings, floor, judge, doors.names.name_of))
        tunnels = await open_rooms.enter_async_context(wireguard(settings, floor, judge, doors))
        facts = GatewayFacts(floor, judge, doors, packets, tunnels)
        more = _handed_over(floor, judge, doors).answers()
        runs = await open_rooms.enter_async_context(gateway_runs(settings, floor, judge, doors, dashboard))
        more = {**more, **runs.answers(), **tunnels.answers()}
        control = Desk(facts, judge.policy, judge.packs, facts.purge, _release(floor, doors), more).server()
        await control.start(settings.data_dir)
        open_rooms.push_async_callback(control.stop)
        await open_rooms.enter_async_context(adopting(settings, floor, judge, doors))
        judge.gate.open = True
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, judge.policy.reload)
        watching = asyncio.ensure_future(judge.policy.watch())
        open_rooms.callback(watching.cancel)
        side.report({"ready": {"sockets": doors.bound, "ca": str(doors.ca.path)}})
        gc.freeze()  # what was made until now stays: walking it took each full collection 120 ms, with requests waiting
        gc.set_threshold(COLLECTED_AFTER)
        settling = asyncio.ensure_future(_settle())
        open_rooms.callback(settling.cancel)
        await side.stop.wait()


async def _settle() -> None:
    """Once the start is over, and nobody waits for the processor time this takes."""
    await asyncio.sleep(SETTLED_SECONDS)
    await asyncio.to_thread(gather)


def _release(floor: Ground, doors: Entrances) -> Release | None:
    """What sends a captured mail on when somebody asks."""
    if doors.mail is None:
        return None
    return Release(doors.mail, Reader(floor.ledger, floor.store), lambda: floor.store.intake(True))


def _handed_over(floor: Ground, judge: Judging, doors: Entrances) -> HandedOver:
    """What takes mails and jobs that come by the API."""
    reader = Reader(floor.ledger, floor.store)
    return HandedOver(judge.gate, None if doors.mail is None else HandedIn(doors.mail, reader))
