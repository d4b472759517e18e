"""The one form of every complaint."""

from policies.policy_problem import PolicyError, Problem, field_of


def test_a_problem_names_file_line_and_field() -> None:
    assert (
        str(Problem("a.yaml", 7, "opt_in[0].to", "'x' is wrong; write y"))
        == "a.yaml:7: opt_in[0].to: 'x' is wrong; write y"
    )
    assert str(Problem("a.yaml", 1, "", "it is empty")) == "a.yaml:1: it is empty"


def test_an_error_has_a_line_for_each() -> None:
    problems = (Problem("a", 1, "", "x"), Problem("b", 2, "f", "y"))
    error = PolicyError(problems)
    assert str(error) == "a:1: x\nb:2: f: y"
    assert error.problems == problems


def test_fields() -> None:
    assert field_of(("opt_in", 2, "paths", 0)) == "opt_in[2].paths[0]"
    assert field_of(()) == ""
