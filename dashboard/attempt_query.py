"""The Attempts page's filters, as they stand in its address. An empty field of the form asks for nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from pydantic import ValidationError

from dashboard.capture_query import CaptureQuery
from ledger.filters import Filters

NOTHING = CaptureQuery.model_validate({})


@dataclass(frozen=True, slots=True)
class AttemptQuery:
    """What was asked, and sentences about what of it is wrong; then nothing is to be shown."""

    asked: CaptureQuery
    wrong: tuple[str, ...]

    @property
    def filters(self) -> Filters:
        return self.asked.filters()

    @property
    def and_query(self) -> str:
        """`&channel=sms`, or empty: to go on after other parameters."""
        given = self.asked.model_dump(mode="json", by_alias=True, exclude_none=True)
        return "&" + urlencode(given) if given else ""


def attempt_query(parameters: Mapping[str, str]) -> AttemptQuery:
    """Parameters that are no filters (`after`, `page`) are none of our business here."""
    names = {field.alias or name for name, field in CaptureQuery.model_fields.items()}
    given = {name: value for name, value in parameters.items() if name in names and value != ""}
    try:
        return AttemptQuery(CaptureQuery.model_validate(given), ())
    except ValidationError as error:
        wrong = [
            f"{one['loc'][0]}: {str(one['input'])[:200]!r} is not accepted: {one['msg']}." for one in error.errors()
        ]
        return AttemptQuery(NOTHING, tuple(wrong))
