"""Values made of known fields: the same as validated ones, wherever code makes them so."""

import pytest
from pydantic import ValidationError

from policies.effect import Target
from policies.frozen import Frozen

FIELDS = {"scheme": "https", "host": "api.example.com", "port": 443, "method": "POST", "path": "/"}


def test_made_of_fields_is_what_validation_makes() -> None:
    made, validated = Target.made_of(dict(FIELDS)), Target.model_validate(FIELDS)
    assert made == validated
    assert hash(made) == hash(validated)
    assert made.model_dump() == validated.model_dump()
    assert made.model_copy(update={"port": 80}) == validated.model_copy(update={"port": 80})


def test_made_of_fields_is_frozen() -> None:
    made: Frozen = Target.made_of(dict(FIELDS))
    with pytest.raises(ValidationError, match="frozen"):
        made.port = 80  # type: ignore[attr-defined]  # that it cannot be set is what is shown
