"""Which recipients a mail is released to: plain addresses alone, whatever a person or a page hands over."""

import pytest

from sinks.release import RECIPIENTS_LIMIT, checked


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("a@qa.example.com\r\nRCPT TO:<b@c.example>", id="line-end"),
        pytest.param("a@qa.example.com\nBcc: b@c.example", id="header"),
        pytest.param("<a@qa.example.com>", id="brackets"),
        pytest.param("a@qa.example.com> SIZE=1", id="parameter"),
        pytest.param("a%c.example@qa.example.com", id="percent-route"),
        pytest.param("@qa.example.com:b@c.example", id="source-route"),
        pytest.param("b!a@qa.example.com", id="bang-path"),
        pytest.param("a,b@qa.example.com", id="two"),
        pytest.param("ann", id="no-domain"),
        pytest.param("a@" + "b." * 130 + "example", id="long"),
        pytest.param("a\x00@qa.example.com", id="nul"),
    ],
)
def test_what_is_no_plain_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="is not a plain mail address"):
        checked(["fine@qa.example.com", address])


def test_how_many() -> None:
    assert checked(["a@b.example", "a@b.example"]) == ("a@b.example",)
    for count in (0, RECIPIENTS_LIMIT + 1):
        with pytest.raises(ValueError, match="between 1 and 50 recipients"):
            checked([f"a{number}@b.example" for number in range(count)])
