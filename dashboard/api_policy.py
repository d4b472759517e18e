"""What would happen to a request or a mail, asked of the policy in force."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.responses import JSONResponse

from dashboard.gateway_link import Gateway
from dashboard.problem import Problem
from dashboard.schemas import Explanation, ProblemShape


class MailAsked(BaseModel):
    """A mail's envelope."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    to: list[str] = Field(min_length=1, max_length=1000)
    sender: str = Field("", alias="from", max_length=1000)
    subject: str = Field("", max_length=1000)


class Asked(BaseModel):
    """Either a request, or a mail, or a scheduled job."""

    model_config = ConfigDict(extra="forbid")

    method: str | None = Field(None, max_length=40)
    url: str | None = Field(None, max_length=8192)
    headers: dict[str, str] = {}
    email: MailAsked | None = None
    job: str | None = Field(None, min_length=1, max_length=100, description="a scheduled job's name")

    @model_validator(mode="after")
    def one_of_both(self) -> "Asked":
        if [self.url, self.email, self.job].count(None) != 2:
            raise ValueError("say either method and url, or email, or job")
        return self

    def question(self) -> dict[str, Any]:
        if self.email is not None:
            return {"email": self.email.model_dump(by_alias=True)}
        if self.job is not None:
            return {"job": self.job}
        return {"method": self.method or "GET", "url": self.url, "headers": self.headers}


def policy_routes(gateway: Gateway) -> APIRouter:
    """`POST /api/policy/explain`."""
    router = APIRouter(prefix="/api/policy", tags=["policy"])

    @router.post("/explain", response_model=Explanation, responses={422: {"model": ProblemShape}})
    async def explain(asked: Asked) -> JSONResponse:
        """Verdict, rule, reason and how to opt in. Nothing is sent and nothing recorded."""
        try:
            return JSONResponse(await gateway.explain(asked.question()))
        except ValueError as error:
            raise Problem(422, str(error)) from error

    return router
