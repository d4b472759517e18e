"""The OpenAPI document's common parts: how a caller says who it is, and the errors that any route may answer."""

from typing import Any

from fastapi import FastAPI

PROBLEM = "application/problem+json"
_PROBES = ("/healthz", "/readyz")
_BEARER = "the admin token (SOUNDSTAGE_ADMIN_TOKEN_FILE), or a run's own `api_token`, which opens that run alone"
_ANYWHERE = {
    "403": "a run's own token does not open this, or the request comes from another origin",
    "401": "no credentials, or none that are known",
    "503": "the gateway does not answer, or the ledger cannot be read",
}

OCTETS = "application/octet-stream"
_NO_JSON = {
    "/metrics": ("text/plain; version=0.0.4; charset=utf-8", "Prometheus text"),
    "/api/captures/{capture_id}/raw": (OCTETS, "the captured bytes, as a download"),
    "/api/captures/{capture_id}/parts/{n}": (OCTETS, "one MIME part, as a download"),
    "/api/live": ("text/event-stream", "an event a capture: `id` its place, `event: capture`, `data` the capture"),
}


def describe_api(app: FastAPI) -> None:
    """Have the application's document say it. Called once every route is there."""
    made = app.openapi

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(made())
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's own way to extend the document


def _completed(document: dict[str, Any]) -> dict[str, Any]:
    parts = document.setdefault("components", {})
    parts["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "description": _BEARER},
        "session": {"type": "apiKey", "in": "cookie", "name": "soundstage_session"},
    }
    for path, methods in document["paths"].items():
        for operation in methods.values():
            if path not in _PROBES:
                operation["security"] = [{"bearer": []}, {"session": []}]
                for status, said in _ANYWHERE.items():
                    operation["responses"].setdefault(status, {"description": said, "content": _problem()})
            if path in _NO_JSON:
                kind, said = _NO_JSON[path]
                shape = {"type": "string", "format": "binary"} if kind == OCTETS else {"type": "string"}
                operation["responses"]["200"] = {"description": said, "content": {kind: {"schema": shape}}}
            _as_problems(operation["responses"])
    for unused in ("HTTPValidationError", "ValidationError"):
        parts["schemas"].pop(unused, None)
    return document


def _as_problems(answers: dict[str, Any]) -> None:
    """Errors are problems (RFC 9457), under the content type they really have."""
    for answer in answers.values():
        content = answer.get("content", {})
        schema = content.get("application/json", {}).get("schema", {})
        if schema.get("$ref", "").endswith(("/ProblemShape", "/HTTPValidationError")):
            answer["content"] = _problem()


def _problem() -> dict[str, Any]:
    return {PROBLEM: {"schema": {"$ref": "#/components/schemas/ProblemShape"}}}
