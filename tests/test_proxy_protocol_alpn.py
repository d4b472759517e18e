"""What a client that offers ALPN will not speak: HTTP."""

import pytest

from proxy.protocol import Protocol
from proxy.protocol_alpn import spoken_under_tls


@pytest.mark.parametrize(
    ("offered", "spoken"),
    [
        pytest.param(("imap",), Protocol("imaps"), id="mail"),
        pytest.param(("dot",), Protocol("dot"), id="names"),
        pytest.param(("postgresql",), Protocol("postgresql"), id="database"),
        pytest.param(("mqtt", "x-amzn-mqtt-ca"), Protocol("mqtts"), id="two-of-a-kind"),
        pytest.param(("x-amzn-http-ca",), None, id="unknown-may-be-http"),
        pytest.param(("h2", "http/1.1"), None, id="http"),
        pytest.param(("imap", "http/1.1"), None, id="either"),
        pytest.param((), None, id="none"),
    ],
)
def test_spoken_under_tls(offered: tuple[str, ...], spoken: Protocol | None) -> None:
    assert spoken_under_tls(offered) == spoken
