"""The dashboard's application: every route behind the guard. Wiring alone lives here."""

import asyncio
import functools
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from fastapi import FastAPI

from dashboard.api_captures import CapturesApi
from dashboard.api_doctor import doctor_routes
from dashboard.api_document import describe_api
from dashboard.api_health import health_routes
from dashboard.api_live import live_routes
from dashboard.api_policy import policy_routes
from dashboard.api_runs import RunsApi
from dashboard.api_schedule import schedule_routes
from dashboard.api_verify import VerifyApi
from dashboard.api_wait import wait_routes
from dashboard.caller import Callers
from dashboard.commit_feed import CommitFeed
from dashboard.gateway_link import Gateway
from dashboard.guard import Guard
from dashboard.live_stream import Streams
from dashboard.mailhog_api import MailHogApi
from dashboard.mailpit_changes import MailpitChanges
from dashboard.mailpit_reading import MailpitReading
from dashboard.page_doctor import DoctorPages
from dashboard.page_live import PartOf
from dashboard.page_policy import PolicyPages
from dashboard.page_runs import RunPages
from dashboard.pages import page_routes
from dashboard.pages_sign_in import SignInPages
from dashboard.rendering import Rendering
from dashboard.runs_link import RunsLink
from dashboard.sessions import Sessions
from dashboard.settings import DashboardSettings
from dashboard.sign_in import SignInLinks
from dashboard.sign_in_rate import SignInRate
from dashboard.strict_json import StrictJson
from dashboard.verdicts import Verdicts
from dashboard.wrong_page import handlers
from ledger.doctor_reports import DoctorReports
from ledger.labels import Labels
from ledger.reader import Reader
from ledger.run_keys import RunKeys


def create_app(settings: DashboardSettings, reader: Reader, gateway: Gateway, labels: Labels) -> FastAPI:
    """The whole dashboard. It reads the ledger, asks the gateway, and touches no traffic.

    Whoever serves it awaits `app.state.feed.close()` before stopping the server, so that open pages end in order.
    """
    callers = Callers(settings.admin_token, Sessions(settings.data_dir), _run_of(settings.data_dir))
    feed = CommitFeed(gateway, reader.last_seq)
    streams = Streams(feed)

    app = FastAPI(title="Soundstage", docs_url=None, redoc_url=None, lifespan=_following(feed))
    app.state.feed = feed
    app.add_middleware(StrictJson)
    app.add_middleware(Guard, hosts=settings.hosts, callers=callers)
    rendering = Rendering(command=settings.command, where=settings.where)
    for trouble, handler in handlers(rendering).items():
        app.add_exception_handler(trouble, handler)
    app.include_router(health_routes(gateway, feed))
    app.include_router(wait_routes(reader, feed))
    app.include_router(CapturesApi(reader, gateway).routes())
    app.include_router(policy_routes(gateway))
    app.include_router(schedule_routes(gateway))
    link = RunsLink(gateway)
    app.include_router(RunsApi(link).routes())
    verdicts = Verdicts()
    app.include_router(VerifyApi(reader, link, verdicts=verdicts).routes())
    app.include_router(MailpitReading(reader, labels, gateway).routes())
    app.include_router(MailpitChanges(reader, labels, gateway).routes())
    app.include_router(MailHogApi(reader, labels, gateway).routes())
    app.include_router(live_routes(reader, feed, streams, callers))
    app.include_router(SignInPages(callers, SignInLinks(settings.data_dir), SignInRate()).routes())
    reports = DoctorReports(settings.data_dir)
    app.include_router(doctor_routes(reports))
    doctor, policy = DoctorPages(reports, rendering), PolicyPages(gateway, rendering)
    runs = RunPages(link, reader, verdicts, rendering)
    for router in (doctor.routes(), policy.routes(), runs.routes()):
        app.include_router(router)
    parts: dict[str, PartOf] = {"doctor": doctor.part, "policy": policy.part, "runs": runs.list_part, "run": runs.part}
    app.include_router(page_routes(reader, gateway, feed, streams, callers, labels, rendering, parts))
    describe_api(app)
    return app


def _run_of(data_dir: Path) -> Callable[[str], str | None]:
    """Whose own API token something is. The key is read when it is first needed: the gateway makes it."""
    keys = functools.cache(lambda: RunKeys.of(data_dir))
    return lambda token: keys().run_of(token)


def _following(feed: CommitFeed) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await feed.start()
        async with asyncio.TaskGroup() as tasks:
            following = tasks.create_task(feed.run())
            yield
            following.cancel()

    return lifespan
