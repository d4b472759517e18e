"""How many names below one domain a client asks: what is carried out in short pieces."""

import pytest

from proxy.dns_spread import MOST_DOMAINS, Spread, domain_of


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def wide(spread: Spread, names: int, domain: str = "evil.example", source: str = "10.0.0.9") -> list[bool]:
    return [spread.is_wide(source, f"{number:x}.{domain}") for number in range(names)]


def test_many_names_below_one_domain_are_many_from_the_last_one_on() -> None:
    assert wide(Spread(many=10), 12) == [False] * 9 + [True] * 3


def test_one_name_asked_often_is_one() -> None:
    spread = Spread(many=3)
    assert not any(spread.is_wide("10.0.0.9", name) for name in ("A.example.com", "a.example.com") * 50)


def test_domains_clients_and_windows_are_counted_apart() -> None:
    clock = Clock()
    spread = Spread(many=3, window=60, clock=clock)
    assert wide(spread, 2) == [False, False]
    assert wide(spread, 2, domain="other.example") == [False, False]
    assert wide(spread, 2, source="10.0.0.8") == [False, False]
    clock.now = 60.0
    assert wide(spread, 3) == [False, False, True]


def test_it_does_not_grow_without_end() -> None:
    spread = Spread(many=2)
    assert wide(spread, 2) == [False, True]
    for number in range(MOST_DOMAINS):
        spread.is_wide("10.0.0.9", f"www.d{number}.example")
    assert not spread.is_wide("10.0.0.9", "0.evil.example")


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        pytest.param("a.b.example.com", "example.com", id="two-labels"),
        pytest.param("a.b.example.co.uk", "example.co.uk", id="three-labels"),
        pytest.param("example.co.uk", "example.co.uk", id="the-domain-itself"),
        pytest.param("a.b.example.de", "example.de", id="a-country"),
        pytest.param("localhost", "localhost", id="one-label"),
        pytest.param("", "", id="root"),
    ],
)
def test_the_domain_of_a_name(name: str, domain: str) -> None:
    assert domain_of(name) == domain
