"""One-time codes: found where a person would type them, and nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.mime_codes import codes_of


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        pytest.param("Your verification code is 482913.", ("482913",), id="is"),
        pytest.param("Your code: 4829", ("4829",), id="four-digits"),
        pytest.param("Your login code is: 48291374", ("48291374",), id="eight-digits"),
        pytest.param("482913 is your Example verification code", ("482913",), id="is-your"),
        pytest.param("G-482913 is your Google verification code.", ("482913",), id="google"),
        pytest.param("Use 482913 as your one-time passcode", ("482913",), id="use-as"),
        pytest.param("Your OTP is 482 913. Do not share it.", ("482913",), id="with-a-space"),
        pytest.param("Your code is 482-913", ("482913",), id="with-a-dash"),
        pytest.param(
            "Use the code below to sign in.\n\n    482913\n\nIt expires in 10 minutes.", ("482913",), id="own-line"
        ),
        pytest.param("Security code\n\nA7K9Q2\n", ("A7K9Q2",), id="alphanumeric"),
        pytest.param("Your device code is WDJB-7MJH", ("WDJB-7MJH",), id="device-code"),
        pytest.param("PIN: 2024", ("2024",), id="looks-like-a-year"),
        pytest.param("Ihr Bestätigungscode lautet 482913", ("482913",), id="german"),
        pytest.param("Tu código es 482913", ("482913",), id="spanish"),
        pytest.param("Your code is 111111. If asked, your PIN is 2222.", ("111111", "2222"), id="two"),
        pytest.param("Your code is 482913. It is valid until 2026-11-22 10:15.", ("482913",), id="date-and-time-after"),
        pytest.param("Order 482913 has shipped.", (), id="order-number"),
        pytest.param("Your order 482913 was paid. Enter the code at the door.", (), id="number-before-a-code-word"),
        pytest.param("The code review of 2026 starts at 1015.", (), id="code-review-year"),
        pytest.param("Your promo code is SAVE20", (), id="promo-code"),
        pytest.param("Discount code:\n\nSAVE2024\n", (), id="discount-code-on-its-own-line"),
        pytest.param("ZIP code 90210", (), id="zip-code"),
        pytest.param("Postal code: 10115 Berlin", (), id="postal-code"),
        pytest.param("The server answered with status code 404 and error code 5002", (), id="status-code"),
        pytest.param("Call +49 30 123456 for your code", (), id="phone"),
        pytest.param("Your code of conduct. Total: $4200", (), id="amount"),
        pytest.param("Your code expires in 3600 minutes", (), id="minutes"),
        pytest.param("https://x.test/verify?code=482913", (), id="inside-a-link"),
        pytest.param("Invoice 2026 for November", (), id="year"),
        pytest.param("barcode 12345678", (), id="barcode"),
        pytest.param("Your code is secret.", (), id="no-digits"),
        pytest.param("", (), id="empty"),
    ],
)
def test_codes(text: str, codes: tuple[str, ...]) -> None:
    assert codes_of(text) == codes


@given(st.text(), st.text())
def test_any_text_is_read(before: str, after: str) -> None:
    codes_of(f"{before}code 123456{after}")


def test_a_text_full_of_numbers_gives_few() -> None:
    assert len(codes_of("code 1234\n" * 100_000)) <= 20
