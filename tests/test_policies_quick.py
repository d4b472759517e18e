"""Frozen dataclasses that are made in one step behave like any other."""

from dataclasses import FrozenInstanceError, dataclass, field, replace
from typing import Any

import pytest

from policies.quick import quick


@quick
@dataclass(frozen=True)
class Parcel:
    to: str
    weight: int = 3
    labels: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Plain:
    to: str
    weight: int = 3
    labels: dict[str, Any] = field(default_factory=dict)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        pytest.param(("ann",), {}, id="defaults"),
        pytest.param(("ann", 4, {"a": 1}), {}, id="all-by-position"),
        pytest.param((), {"labels": {"a": 1}, "to": "ann"}, id="by-name-in-any-order"),
        pytest.param(("ann",), {"weight": None}, id="null-is-a-value"),
    ],
)
def test_it_holds_what_the_plain_one_holds(given: tuple[Any, ...], named: dict[str, Any]) -> None:
    made, plain = Parcel(*given, **named), Plain(*given, **named)

    assert (made.to, made.weight, made.labels) == (plain.to, plain.weight, plain.labels)
    assert repr(made) == repr(plain).replace("Plain", "Parcel")


def test_each_has_a_default_of_its_own() -> None:
    assert Parcel("ann").labels is not Parcel("ann").labels


def test_it_is_frozen() -> None:
    parcel = Parcel("ann")

    with pytest.raises(FrozenInstanceError):
        parcel.to = "bob"  # type: ignore[misc]  # what is shown to be refused


def test_it_is_equal_by_its_fields_and_replaced_like_any_other() -> None:
    assert replace(Parcel("ann"), to="bob") == Parcel("bob")
    assert Parcel("ann") != Parcel("bob")


@pytest.mark.parametrize(
    ("given", "named"),
    [
        pytest.param((), {}, id="without-what-it-needs"),
        pytest.param(("ann", 1, {}, 2), {}, id="one-too-many"),
        pytest.param(("ann",), {"colour": "red"}, id="unknown-field"),
    ],
)
def test_it_refuses_what_the_plain_one_refuses(given: tuple[Any, ...], named: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        Plain(*given, **named)
    with pytest.raises(TypeError):
        Parcel(*given, **named)
