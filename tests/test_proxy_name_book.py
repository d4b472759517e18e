"""The name book: an address of its own for each name, for good, and never one name's address for another."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.name_file import SLACK, Given, NameFile
from ledger.trouble import LedgerUnavailable
from proxy.name_book import DAY, DEFAULT_NETWORK, NOTED_EVERY, SHARES, NameBook, NameNotKept, NamesUsedUp

KEY = b"k" * 32
SMALL = "198.18.0.0/28"
"""Fourteen addresses."""


class Memory:
    """The file, in memory."""

    def __init__(self, given: Iterable[Given] = ()) -> None:
        self.lines = list(given)
        self.rewritten = 0
        self.trouble: LedgerUnavailable | None = None

    def read(self) -> list[Given]:
        return list(self.lines)

    def rewrite(self, given: Iterable[Given]) -> None:
        self.lines = list(given)
        self.rewritten += 1

    def add(self, given: Given) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.lines.append(given)


class Clock:
    now = 1_763_800_000.0

    def __call__(self) -> float:
        return self.now


def book(file: Memory, clock: Clock | None = None, network: str = SMALL, network6: str | None = None) -> NameBook:
    return NameBook(file, KEY, network=network, network6=network6, clock=clock or Clock())


def test_a_name_keeps_its_address_and_the_address_knows_the_name() -> None:
    names = book(Memory(), network=DEFAULT_NETWORK)
    address = names.address_of("Api.Example.com")
    assert IPv4Address(address) in IPv4Network(DEFAULT_NETWORK)
    assert names.address_of("api.example.COM") == address
    assert names.name_of(address) == "api.example.com"
    assert names.name_of(f"::ffff:{address}") == "api.example.com"


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("1.1.1.1", id="elsewhere"),
        pytest.param("198.18.0.0", id="the-network-itself"),
        pytest.param("198.19.255.255", id="its-broadcast"),
        pytest.param("198.18.77.77", id="given-to-nobody"),
        pytest.param("2001:db8::1", id="ipv6-where-there-is-none"),
        pytest.param("api.example.com", id="a-name"),
        pytest.param("", id="nothing"),
    ],
)
def test_other_addresses_have_no_name(address: str) -> None:
    assert book(Memory(), network=DEFAULT_NETWORK).name_of(address) is None


def test_ipv6_addresses_are_of_the_same_place() -> None:
    names = book(Memory(), network6="fd53::/64")
    assert names.has_ipv6
    address = names.address_of("api.example.com", 6)
    assert address.startswith("fd53::")
    assert names.name_of(address) == names.name_of(names.address_of("api.example.com")) == "api.example.com"


@given(st.lists(st.text("abcdefgh.-", min_size=1, max_size=6), max_size=40, unique=True))
def test_no_two_names_share_an_address_and_a_restart_changes_none(asked: list[str]) -> None:
    file = Memory()
    names = book(file, network="198.18.0.0/26")
    given_out = {name: names.address_of(name) for name in asked}
    assert len(set(given_out.values())) == len(asked)
    again = book(file, network="198.18.0.0/26")
    assert {name: again.name_of(address) for name, address in given_out.items()} == {name: name for name in asked}
    assert {name: again.address_of(name) for name in reversed(asked)} == given_out


def test_names_that_the_file_lost_are_given_the_same_addresses_again() -> None:
    asked = [f"api{number}.example.com" for number in range(200)]
    first, second = (book(Memory(), network=DEFAULT_NETWORK) for _ in range(2))
    given_out = {name: first.address_of(name) for name in asked}
    same = sum(second.address_of(name) == given_out[name] for name in reversed(asked))
    assert same >= 198  # two of them may have made way for each other


def test_used_up_the_name_asked_longest_ago_makes_way() -> None:
    clock, file = Clock(), Memory()
    names = book(file, clock)
    given_out = {f"n{number}": names.address_of(f"n{number}") for number in range(14)}
    assert len(set(given_out.values())) == len(names) == 14
    clock.now += DAY - 1
    names.address_of("n0")
    with pytest.raises(NamesUsedUp, match=r"all 14 addresses of 198\.18\.0\.0/28 belong to names"):
        names.address_of("one-more")
    clock.now += 1
    assert names.address_of("one-more") == given_out["n1"]
    assert names.name_of(given_out["n1"]) == "one-more"
    assert names.address_of("n0") == given_out["n0"]
    assert book(file, clock).name_of(given_out["n1"]) == "one-more"


def test_a_domain_of_ever_new_names_leaves_the_others_theirs() -> None:
    """A tunnel that used the book up would leave everybody without new names for a day."""
    file = Memory()
    names = book(file, network="198.18.0.0/22")
    known = names.address_of("api.stripe.com")
    for number in range(3 * SLACK):
        names.address_of(f"x{number}.tunnel.example.test")
    assert len(names) == 1 + 1022 // SHARES
    assert names.address_of("api.stripe.com") == known
    assert names.name_of(names.address_of("api.sendgrid.com")) == "api.sendgrid.com"
    assert len(file.lines) <= 2 * len(names) + SLACK + 1, "the file is written anew now and then"
    again = book(file, network="198.18.0.0/22")
    assert again.name_of(known) == "api.stripe.com"
    assert len(again) == len(names)


def test_the_file_knows_when_a_name_was_last_asked() -> None:
    clock, file = Clock(), Memory()
    names = book(file, clock)
    names.address_of("a")
    clock.now += NOTED_EVERY - 1
    names.address_of("a")
    assert len(file.lines) == 1
    clock.now += 1
    names.address_of("a")
    assert [given.at for given in file.lines] == [1_763_800_000, 1_763_800_000 + NOTED_EVERY]


def test_what_cannot_be_kept_is_not_given_out() -> None:
    file = Memory()
    names = book(file)
    file.trouble = LedgerUnavailable("the disk is full")
    with pytest.raises(LedgerUnavailable):
        names.address_of("a")
    assert len(names) == 0
    file.trouble = None
    assert names.name_of(names.address_of("a")) == "a"


def test_a_name_that_holds_a_key_is_not_kept() -> None:
    file = Memory()
    names = NameBook(file, KEY, network=SMALL, holds_secret=lambda name: "KEY" in name)
    with pytest.raises(NameNotKept):
        names.address_of("KEY.evil.example")
    assert (file.lines, len(names)) == ([], 0)


def test_of_several_lines_the_last_counts() -> None:
    given = [Given("198.18.0.1", 1, "old"), Given("198.18.0.1", 2, "new"), Given("198.18.0.2", 3, "old")]
    names = book(Memory([*given, Given("10.0.0.1", 4, "elsewhere"), Given("nonsense", 5, "x")]))
    assert (names.name_of("198.18.0.1"), names.name_of("198.18.0.2"), len(names)) == ("new", "old", 2)


def test_a_file_of_old_lines_is_written_anew() -> None:
    file = Memory([Given("198.18.0.1", at, "a") for at in range(SLACK + 3)])
    names = book(file)
    assert file.rewritten == 1
    assert file.lines == [Given("198.18.0.1", SLACK + 2, "a")]
    assert names.address_of("a") == "198.18.0.1"


@pytest.mark.parametrize(
    ("network", "network6", "why"),
    [
        pytest.param("198.18.0.0/31", None, "no addresses to give", id="too-small"),
        pytest.param("198.18.0.0/15", "fd53::/120", "smaller than", id="ipv6-too-small"),
    ],
)
def test_networks_that_do_not_fit(network: str, network6: str | None, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        book(Memory(), network=network, network6=network6)


def test_it_outlives_a_process_in_a_real_file(tmp_path: Path) -> None:
    file = NameFile(tmp_path)
    address = NameBook(file, KEY).address_of("api.example.com")
    file.close()
    assert NameBook(NameFile(tmp_path), KEY).name_of(address) == "api.example.com"
