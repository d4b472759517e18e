"""The runs of a starting gateway: what was open goes on, with the ports it had, and says that it was interrupted."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

from ledger.run_rows import last_sign
from ledger.trouble import LedgerUnavailable
from policies.never import Socket
from soundstage.addresses import Addresses, shown
from soundstage.gateway_entrances import Entrances
from soundstage.gateway_gate import Judging
from soundstage.gateway_ground import Ground
from soundstage.gateway_runs import GatewayRuns
from soundstage.gateway_runs_listeners import RunListeners
from soundstage.gateway_runs_settle import Settling
from soundstage.gateway_runs_shown import RunShower
from soundstage.gateway_runs_watch import RunWatch
from soundstage.settings import Settings
from soundstage.told_to_operator import told_to_operator
from soundstage.trust_bundle import write_bundle

_log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def gateway_runs(
    settings: Settings, ground: Ground, judging: Judging, doors: Entrances, dashboard: Socket
) -> AsyncIterator[GatewayRuns]:
    """Watching, with every run's listeners open, until the block ends."""

    def addresses() -> Addresses:
        bound = {name: shown(*place) for name, place in doors.bound.items()}
        url = f"http://{shown(*dashboard)}"
        return Addresses(**bound, dashboard=url, ca=str(doors.ca.path)).seen_from(settings.steered_to[0])

    runs, writer = ground.runs, ground.writer
    watch = RunWatch(runs, judging.in_flight, lambda: writer.trouble)
    with told_to_operator(LedgerUnavailable), runs.archive.reading() as connection:
        watch.restarted(last_sign(connection))
    listeners = RunListeners(settings, ground, judging, doors)
    shower = RunShower(runs.keys, addresses, write_bundle(settings.data_dir))
    settling = Settling(runs, judging.in_flight, lambda: writer.trouble, judging.tell_repeats)
    made = GatewayRuns(runs, judging.in_flight, settling, listeners, shower, watch)
    await made.reopen_listeners()
    watching = asyncio.ensure_future(watch.keep_on())
    try:
        yield made
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await listeners.close_all()
        await _written_down(watch)


async def _written_down(watch: RunWatch) -> None:
    """A run that has ended is told of no restart: what is known of it, and not written yet, would be lost."""
    watch.look()
    try:
        await asyncio.to_thread(watch.write)
    except LedgerUnavailable as error:
        _log.warning("what is known of runs could not be written at the stop: %s", error)
