"""firebase-admin takes our token, our push ids and our refusals for Google's."""

from collections.abc import Iterator

import firebase_admin
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from firebase_admin import credentials, exceptions, messaging
from provider_server import REASON, Provider, serving


class Loopback(requests.adapters.HTTPAdapter):
    """Takes what an SDK's session sends to one origin to a server on loopback."""

    def __init__(self, origin: str, url: str) -> None:
        super().__init__()
        self._origin, self._url = origin, url

    def send(self, request: requests.PreparedRequest, *args: object, **kwargs: object) -> requests.Response:
        request.url = (request.url or "").replace(self._origin, self._url, 1)
        return super().send(request, *args, **kwargs)  # type: ignore[arg-type]  # handed on as they came


def service_account(token_uri: str) -> dict[str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return {
        "type": "service_account",
        "project_id": "shop-staging",
        "private_key_id": "1",
        "private_key": pem.decode(),
        "client_email": "shop@shop-staging.iam.gserviceaccount.com",
        "token_uri": token_uri,
    }


@pytest.fixture
def fcm() -> Iterator[tuple[Provider, Provider]]:
    with serving("oauth2.googleapis.com") as tokens, serving("fcm.googleapis.com") as pushes:
        account = credentials.Certificate(service_account(f"{tokens.url}/token"))
        app = firebase_admin.initialize_app(account)
        try:
            session = messaging._get_messaging_service(app)._client.session
            session.mount("https://fcm.googleapis.com", Loopback("https://fcm.googleapis.com", pushes.url))
            yield tokens, pushes
        finally:
            firebase_admin.delete_app(app)


def push() -> messaging.Message:
    return messaging.Message(fid="device-1", notification=messaging.Notification(title="Paid", body="Thank you"))


def test_firebase_pushes(fcm: tuple[Provider, Provider]) -> None:
    tokens, pushes = fcm
    assert messaging.send(push()).startswith("projects/shop-staging/messages/0:")
    assert messaging.send_each([push(), push()]).success_count == 2
    assert messaging.subscribe_to_topic(["device-1"], "news").success_count == 1
    assert messaging.unsubscribe_from_topic(["device-1"], "news").success_count == 1
    assert [effect.intent for effect in tokens.effects] == ["auth"]
    assert {effect.operation for effect in pushes.effects} == {
        "messages.send",
        "topics.subscribe",
        "topics.unsubscribe",
    }
    assert all(effect.recipients == ("device-1",) for effect in pushes.effects)
    assert pushes.effects[0].facts["subject"] == "Paid"


def test_firebase_refuses_while_its_token_is_a_stub(fcm: tuple[Provider, Provider]) -> None:
    tokens, pushes = fcm
    tokens.deny = pushes.deny = True
    with pytest.raises(exceptions.PermissionDeniedError, match=REASON):
        messaging.send(push())
    assert len(pushes.effects) == 1, "a refusal must not be repeated"
