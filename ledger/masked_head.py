"""MaskedHead: what all requests with one head become when it is masked, worked out for the first of them.

Kept in the head's own shape (`policies.head_shape`), so that it is bounded and forgotten with it.
"""

from ledger.mask_plan import MaskPlan
from ledger.masked_body import described, is_one_text
from ledger.masked_headers import Headers, masked_headers
from ledger.secret_patterns import Mark
from policies.head_shape import shape_of
from policies.http_request import HttpRequest


class MaskedHead:
    """One head under one plan, but for the values of its changing fields."""

    __slots__ = ("_fields", "_new", "_secret", "content_type", "one_text", "plan")

    def __init__(self, request: HttpRequest, changing: list[int], plan: MaskPlan, mark: Mark) -> None:
        self.plan = plan
        self.content_type = request.header("content-type")
        self.one_text = is_one_text(described(request.headers))
        """Nothing in the head says that a body is not to be looked at as it stands."""
        self._fields = masked_headers(request.headers, plan, mark)
        self._secret = [at for at in changing if plan.header(request.headers[at][0]) is not None]
        self._new = [at for at in changing if at not in self._secret]

    def values(self, headers: Headers) -> list[str]:
        """What may hold a secret in the fields of a request with this head, beyond what was looked at already."""
        return [headers[at][1] for at in self._new]

    def shown(self, headers: Headers, mark: Mark) -> Headers:
        """The fields of such a request, masked, where nothing is to be removed from `values`."""
        if not self._new and not self._secret:
            return self._fields
        fields = list(self._fields)
        for at in self._new:
            fields[at] = headers[at]
        if self._secret:
            masked = masked_headers(tuple([headers[at] for at in self._secret]), self.plan, mark)
            for at, field in zip(self._secret, masked, strict=True):
                fields[at] = field
        return tuple(fields)


def head_of(request: HttpRequest, plan: MaskPlan, mark: Mark) -> MaskedHead:
    """The masked head of a request under the plan of the pack it belongs to."""
    shape = shape_of(request)
    head: MaskedHead | None = shape.masked
    if head is None or head.plan is not plan:
        head = shape.masked = MaskedHead(request, shape.changing, plan, mark)
    return head
