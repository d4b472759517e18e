"""A body's digest is of its own octets, whatever was digested before it."""

import hashlib

from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.body import EMPTY, Body


@settings(max_examples=examples(50))
@given(st.lists(st.binary(max_size=5_000), min_size=1, max_size=4))
def test_each_body_has_its_own_digest(bodies: list[bytes]) -> None:
    made = [Body.of(data) for data in bodies]
    assert [body.sha256 for body in made] == [hashlib.sha256(data).hexdigest() for data in bodies]
    assert [(body.data, body.size) for body in made] == [(data, len(data)) for data in bodies]
    assert Body.of(b"") == EMPTY
