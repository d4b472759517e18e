"""What names may be answered with: addresses, or networks that each gets its own out of."""

from typing import Any

import pytest

from soundstage.setting_values import steering
from soundstage.settings import Settings


@pytest.mark.parametrize(
    ("given", "steered_to", "own_addresses"),
    [
        pytest.param("", ("127.0.0.1",), (), id="nothing"),
        pytest.param("10.0.0.2", ("10.0.0.2",), (), id="an-address"),
        pytest.param("10.0.0.2,fd00::2", ("10.0.0.2", "fd00::2"), (), id="one-of-each-family"),
        pytest.param("198.18.0.0/15", ("127.0.0.1",), ("198.18.0.0/15",), id="a-network"),
        pytest.param("fd53::/64, 198.18.0.0/15", ("127.0.0.1",), ("198.18.0.0/15", "fd53::/64"), id="ipv4-comes-first"),
        pytest.param("10.0.0.2,198.18.0.0/15", ("10.0.0.2",), ("198.18.0.0/15",), id="both"),
        pytest.param(["10.0.0.2", "198.18.0.0/15"], ("10.0.0.2",), ("198.18.0.0/15",), id="a-list"),
    ],
)
def test_what_is_taken(given: Any, steered_to: tuple[str, ...], own_addresses: tuple[str, ...]) -> None:
    settings = Settings.model_validate({"steer_to": given} if given else {})
    assert (settings.steered_to, settings.own_addresses) == (steered_to, own_addresses)
    assert Settings.model_validate(settings.model_dump(mode="json")) == settings  # as the gateway gets them


@pytest.mark.parametrize(
    ("given", "why"),
    [
        pytest.param("198.18.0.1/15", "must be IP addresses, or networks such as", id="bits-beyond-the-network"),
        pytest.param("everything/15", "must be IP addresses, or networks such as", id="no-network"),
        pytest.param("198.18.0.0/29", "at least 16 addresses", id="too-small"),
        pytest.param("198.18.0.0/15,10.0.0.0/8", "at most one IPv4 and one IPv6 network", id="two-of-a-family"),
        pytest.param("fd53::/64", "must name an IPv4 network", id="ipv6-alone"),
        pytest.param("198.18.0.0/15,fd53::/120", "as large as the IPv4 one", id="ipv6-smaller"),
        pytest.param("10.0.0.1,10.0.0.2", "at most one IPv4 and one IPv6 address", id="two-addresses"),
    ],
)
def test_what_is_refused(given: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        steering(given)
