"""One line about a call, a mail or a job becomes the question that the gateway is asked."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.policy_question import LONGEST, policy_question, proposal


@pytest.mark.parametrize(
    ("line", "question"),
    [
        pytest.param(
            " post https://a.test/x ", {"method": "POST", "url": "https://a.test/x", "headers": {}}, id="call"
        ),
        pytest.param("https://a.test", {"method": "GET", "url": "https://a.test", "headers": {}}, id="no-method"),
        pytest.param("job: nightly", {"job": "nightly"}, id="job"),
        pytest.param(
            "mail:a@b.test, c@d.test", {"email": {"to": ["a@b.test", "c@d.test"], "from": "", "subject": ""}}, id="mail"
        ),
    ],
)
def test_a_line_is_a_question(line: str, question: dict[str, Any]) -> None:
    assert policy_question(line) == question


def test_a_live_key_is_said_of_a_call() -> None:
    assert policy_question("https://a.test", live=True)["live_credential"] is True


@pytest.mark.parametrize(
    "line", ["api.stripe.com", "POST", "job:", "mail:", "P/ST https://a.test", "x" * (LONGEST + 1)]
)
def test_what_is_none_is_said_with_what_would_be(line: str) -> None:
    with pytest.raises(ValueError, match=r"is no question\. Write a call|may have 4000 characters"):
        policy_question(line)


def test_where_nothing_opens_it_there_is_no_yaml_but_a_sentence() -> None:
    assert proposal("opt_in:\n  - id: x\n# Add y.\n")[0] == "opt_in:\n  - id: x\n# Add y.\n"
    assert proposal("# nothing opens this: it is a metadata service\n") == (
        "",
        "Nothing opens this: it is a metadata service.",
    )


@given(st.text(max_size=60))
def test_any_line_is_a_question_or_refused_as_none(line: str) -> None:
    with contextlib.suppress(ValueError):
        assert policy_question(line).keys() & {"url", "email", "job"}
