"""Forms as pages send them: small, and read without a library made for uploads."""

from urllib.parse import parse_qsl

from starlette.requests import Request

from dashboard.problem import Problem

FIELDS = 50


async def plain_form(request: Request) -> dict[str, str]:
    """The fields of a URL-encoded form; of a repeated one the last. The guard has bounded its size."""
    try:
        pairs = parse_qsl((await request.body()).decode("utf-8", "replace"), max_num_fields=FIELDS)
    except ValueError as error:
        raise Problem(422, f"This form has more than {FIELDS} fields.") from error
    return dict(pairs)
