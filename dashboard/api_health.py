"""Health, readiness and metrics: what orchestrators and monitoring ask."""

from fastapi import APIRouter, Request
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.responses import JSONResponse, Response

from dashboard.commit_feed import CommitFeed
from dashboard.gateway_link import Gateway, GatewayUnreachable, Readiness
from dashboard.schemas import Ready

UNREACHABLE = "the gateway does not answer; nothing passes while it is down"


async def readiness(gateway: Gateway) -> Readiness:
    """A gateway that cannot be asked is not ready."""
    try:
        return await gateway.readiness()
    except GatewayUnreachable:
        return Readiness(False, (UNREACHABLE,))


def health_routes(gateway: Gateway, feed: CommitFeed) -> APIRouter:
    """`/healthz`, `/readyz`, `/metrics`."""
    router = APIRouter(tags=["health"])

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        """200 while the process lives."""
        return {"status": "ok"}

    @router.get("/readyz", response_model=Ready, responses={503: {"model": Ready, "description": "what is missing"}})
    async def readyz(request: Request) -> JSONResponse:
        """200 when every listener and the ledger are ready. Details only with credentials."""
        state = await readiness(gateway)
        told: dict[str, object] = {"ready": state.ready}
        if request.state.caller is not None:
            told["missing"] = list(state.missing)
        return JSONResponse(told, 200 if state.ready else 503)

    @router.get("/metrics", response_class=Response)
    async def metrics() -> Response:
        """Prometheus text: the gateway's figures, and whether it answers."""
        return Response(generate_latest(await _registry(gateway, feed)), media_type=CONTENT_TYPE_LATEST)

    return router


async def _registry(gateway: Gateway, feed: CommitFeed) -> CollectorRegistry:
    registry = CollectorRegistry()
    Gauge("soundstage_last_seq", "Sequence number last committed to the ledger.", registry=registry).set(feed.last)
    up = Gauge("soundstage_gateway_up", "1 while the gateway answers the dashboard.", registry=registry)
    try:
        figures = await gateway.metrics()
    except GatewayUnreachable:
        up.set(0)
        return registry
    up.set(1)
    for name, value in figures.items():
        if name not in ("soundstage_last_seq", "soundstage_gateway_up"):
            Gauge(name, "Reported by the gateway.", registry=registry).set(value)
    return registry
