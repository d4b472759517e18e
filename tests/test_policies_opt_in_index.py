"""The index finds what looking at every opt-in would find."""

from datetime import UTC, datetime
from typing import Any

import pytest
from effects import mail
from hypothesis import given
from hypothesis import strategies as st

from policies.decision import Verdict
from policies.glob import all_meant, path_glob, recipient_glob
from policies.opt_in import STRICTNESS, Narrowing, OptIn
from policies.opt_in_index import Group, OptInIndex, parents
from policies.pattern import parse_pattern

_PATTERNS = [
    "example.com", "*.example.com", "*.b.example.com", "a.b.example.com", "203.0.113.7", "203.0.113.0/24",
    "203.0.0.0/16", "2001:db8::/32", "2001:db8::1", "other.example:8443",
]  # fmt: skip
_HOSTS = ["example.com", "a.b.example.com", "x.example.com", "b.example.com", "203.0.113.7", "203.0.113.8", "203.0.1.1",
          "2001:db8::1", "2001:db8::2", "other.example", "nobody.example", "evilexample.com"]  # fmt: skip


def opt_in(name: str, **given_: Any) -> OptIn:
    fields: dict[str, Any] = {"do": "allow", "why": "", "owner": "", "until": ""}
    return OptIn(id=name, expires=datetime(2026, 12, 31, tzinfo=UTC), **{**fields, **given_})


@given(
    st.lists(st.tuples(st.sampled_from(_PATTERNS), st.sampled_from(sorted(STRICTNESS))), max_size=12),
    st.sampled_from(_HOSTS),
)
def test_agrees_with_looking_at_all(entries: list[tuple[str, Verdict]], host: str) -> None:
    opt_ins = [opt_in(f"n{n}", target=parse_pattern(text), do=do) for n, (text, do) in enumerate(entries)]

    def rank(one: OptIn) -> Any:
        assert one.target is not None
        kind, length = one.target.specificity
        return (-kind, -length, STRICTNESS[one.do], one.id)

    expected = sorted((one for one in opt_ins if one.target is not None and one.target.matches(host)), key=rank)
    found = [one for group in OptInIndex(opt_ins).groups(host) for one in group.all]
    assert found == expected


@given(
    st.lists(
        st.lists(
            st.sampled_from(["*@a.example", "bob@b.a.example", "*@*.a.example", "qa*@a.example"]),
            min_size=1,
            max_size=2,
        ),
        max_size=6,
    ),
    st.lists(
        st.sampled_from(["x@a.example", "bob@b.a.example", "y@c.a.example", "qa1@A.example.", "z@other.example"]),
        max_size=3,
    ),
)
def test_no_mail_opt_in_that_matches_is_missed(patterns: list[list[str]], recipients: list[str]) -> None:
    opt_ins = [
        opt_in(f"n{n}", mail_to=tuple(recipient_glob(text) for text in texts)) for n, texts in enumerate(patterns)
    ]
    effect = mail(*recipients)
    found = {one.id for group in OptInIndex(opt_ins).mail_groups(effect) for one in group.all}
    assert {one.id for one in opt_ins if all_meant(one.mail_to or (), effect.recipients)} <= found
    for recipient in recipients:
        assert {one.id for one in opt_ins if all_meant(one.mail_to or (), (recipient,))} <= found


@given(
    st.lists(
        st.lists(st.sampled_from(["/v1/**", "/v1/*", "/v1/a", "/*/a", "/**/a", "/v1/a/", "/**"]), max_size=2),
        max_size=14,
    ),
    st.sampled_from(["/", "/v1", "/v1/", "/v1/a", "/v1/a/", "/v1/b/a", "/x/a", None]),
)
def test_no_opt_in_that_means_a_path_is_missed(paths: list[list[str]], path: str | None) -> None:
    opt_ins = [
        opt_in(f"n{n:02}", narrowing=Narrowing(paths=tuple(path_glob(text) for text in texts) or None))
        for n, texts in enumerate(paths)
    ]
    wanted = [
        one for one in opt_ins
        if one.narrowing.paths is None or (path and any(glob.matches(path) for glob in one.narrowing.paths))
    ]  # fmt: skip
    found = list(Group(opt_ins).candidates(path))
    assert [one for one in found if one in wanted] == wanted


@pytest.mark.parametrize(("host", "above"), [("a.b.c", ["b.c", "c"]), ("a", []), ("", []), ("a.", [""])])
def test_parents(host: str, above: list[str]) -> None:
    assert list(parents(host)) == above
