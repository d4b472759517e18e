"""The shop, as its tests use it."""

import os

import pytest
from fastapi.testclient import TestClient

os.environ.setdefault("STRIPE_KEY", "sk_test_shop")


@pytest.fixture(scope="session")
def client() -> TestClient:
    from shop import app

    return TestClient(app)
