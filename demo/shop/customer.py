"""Who buys, and what."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Customer:
    """Somebody with an account. `phone` is E.164, `device` a registration token of the shop's mobile app."""

    name: str
    email: str
    phone: str
    device: str


@dataclass(frozen=True)
class Order:
    """One order, paid at once. `amount` is in cents."""

    number: str
    customer: Customer
    item: str
    amount: int
    currency: str = "eur"

    @property
    def total(self) -> str:
        return f"{self.amount / 100:.2f} {self.currency.upper()}"
