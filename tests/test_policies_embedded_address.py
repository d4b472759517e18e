"""IPv4 addresses inside IPv6 ones."""

from ipaddress import IPv6Address

import pytest

from policies.embedded_address import embedded


@pytest.mark.parametrize(
    ("text", "inner"),
    [
        pytest.param("::ffff:10.0.0.1", ["10.0.0.1"], id="mapped"),
        pytest.param("::ffff:0:10.0.0.1", ["10.0.0.1"], id="translated"),
        pytest.param("::10.0.0.1", ["10.0.0.1"], id="compatible"),
        pytest.param("64:ff9b::10.0.0.1", ["10.0.0.1"], id="nat64"),
        pytest.param("64:ff9b:1::10.0.0.1", ["10.0.0.1"], id="local-nat64"),
        pytest.param("2002:a00:1::5", ["10.0.0.1"], id="6to4"),
        pytest.param("2001:0:102:304::f5ff:fffe", ["1.2.3.4", "10.0.0.1"], id="teredo"),
        pytest.param("2a00:1450::5efe:10.0.0.1", ["10.0.0.1"], id="isatap"),
        pytest.param("2a00:1450::200:5efe:10.0.0.1", ["10.0.0.1"], id="isatap-of-a-global-address"),
        pytest.param("2a00:1450::1", [], id="none"),
        pytest.param("::1", [], id="loopback-is-not-0.0.0.1"),
        pytest.param("::", [], id="unspecified-is-not-0.0.0.0"),
    ],
)
def test_embedded(text: str, inner: list[str]) -> None:
    assert [str(address) for address in embedded(IPv6Address(text))] == inner
