"""MaskedHead: what all requests with one head become when it is masked, worked out for the first of them.

Kept in the head's own shape (`policies.head_shape`), so that it is bounded and forgotten with it.
"""

from pydantic_core import PydanticSerializationError, to_json

from ledger.mask_plan import MaskPlan
from ledger.masked_body import described, is_one_text
from ledger.masked_headers import masked_headers, noted_in
from ledger.secret_echo import SecretEcho
from ledger.secret_hints import KEY_HINT
from ledger.secret_patterns import Mark
from policies.head_shape import HeadShape
from policies.http_request import HttpRequest


class MaskedHead:
    """One head under one plan, but for the values of its changing fields."""

    __slots__ = ("changing", "content_type", "form", "keeper", "one_text", "plan", "secrets")

    def __init__(self, request: HttpRequest, shape: HeadShape, plan: MaskPlan, keeper: object, mark: Mark) -> None:
        self.plan = plan
        self.keeper = keeper
        """Whose marks are in it."""
        self.content_type = shape.first.get("content-type")
        self.one_text = is_one_text(described(request.headers))
        """Nothing in the head says that a body is not to be looked at as it stands."""
        self.changing = shape.changing
        """Where among the fields those are whose values may hold a secret, beyond what was looked at already."""
        self.secrets = _unhinted(request, plan, mark)
        """What was removed from the fields, as an answer may repeat it, but for what is known by its shape."""
        self.form = self._form(request, mark)
        """The fields as JSON, with `%s` for the values of changing ones, told where nothing is to be removed from them.
        None where those are credentials by their name, or a field says what no UTF-8 can say."""

    def _form(self, request: HttpRequest, mark: Mark) -> str | None:
        told = []
        for at, (name, value) in enumerate(masked_headers(request.headers, self.plan, mark)):
            changes = at in self.changing
            if changes and self.plan.header(name) is not None:
                return None
            try:
                text = to_json((name, "" if changes else value)).decode().replace("%", "%%")
            except (PydanticSerializationError, UnicodeEncodeError):
                return None
            told.append(f"{text.removesuffix('""]')}%s]" if changes else text)
        return f"[{','.join(told)}]"


def _unhinted(request: HttpRequest, plan: MaskPlan, mark: Mark) -> tuple[str, ...]:
    removed = noted_in(request.headers, "", plan, mark)
    spelt = [text for text in SecretEcho((), removed, plan, mark).spelt if not KEY_HINT.possible(text)]
    return tuple([text.decode() for text in spelt])
