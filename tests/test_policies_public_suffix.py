"""Under which names strangers can register their own."""

import pytest

from policies.public_suffix import is_public_suffix


@pytest.mark.parametrize(
    ("name", "public"),
    [
        ("com", True),
        ("co.uk", True),
        ("kawasaki.jp", True),
        ("city.kawasaki.jp", False),
        ("example.com", False),
        ("xn--p1ai", True),
        ("unheard-of", True),
        ("example.unheard-of", False),
        pytest.param("github.io", False, id="the-private-part-of-the-list-is-not-asked"),
    ],
)
def test_is_public_suffix(name: str, public: bool) -> None:
    assert is_public_suffix(name) is public
