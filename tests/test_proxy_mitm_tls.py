"""TLS on both sides: a certificate for each name, far more than a hundred of them, and no destination unverified."""

from pathlib import Path

import pytest
from OpenSSL import SSL

from proxy.ca import CertificateAuthority
from proxy.mitm_tls import ClientTls, ServerTls


class Counting:
    def __init__(self, ca: CertificateAuthority) -> None:
        self.ca, self.made = ca, 0

    def certificate_for(self, name: str) -> tuple[bytes, bytes]:
        self.made += 1
        return self.ca.certificate_for(name)


def shaken(client: SSL.Connection, server: SSL.Connection) -> None:
    """A handshake in memory. Raises SSL.Error where one side refuses."""
    sides = [(client, server), (server, client)]
    done: set[int] = set()
    for _ in range(10):
        for number, (mine, other) in enumerate(sides):
            try:
                mine.do_handshake()
                done.add(number)
            except SSL.WantReadError:
                pass
            try:
                while True:
                    other.bio_write(mine.bio_read(65536))
            except SSL.WantReadError:
                pass
    assert done == {0, 1}


def test_a_certificate_is_made_once_for_each_of_many_names(tmp_path: Path) -> None:
    ca = Counting(CertificateAuthority.open(tmp_path))
    tls = ClientTls(ca)
    for _ in range(2):
        for number in range(150):
            tls.connection(f"host-{number}.test")
    assert ca.made == 150


def test_the_least_recently_used_name_is_forgotten_first(tmp_path: Path) -> None:
    ca = Counting(CertificateAuthority.open(tmp_path))
    tls = ClientTls(ca, kept=2)
    for name in ("a.test", "b.test", "a.test", "c.test", "a.test"):
        tls.connection(name)
    assert (ca.made, len(tls)) == (3, 2)


@pytest.mark.parametrize(
    ("asked", "certified", "trusted", "passes"),
    [
        pytest.param("api.test", "api.test", True, True, id="its-own-name"),
        pytest.param("api.test", "other.test", True, False, id="another-name"),
        pytest.param("api.test", "api.test", False, False, id="an-unknown-authority"),
        pytest.param("127.0.0.1", "127.0.0.1", True, True, id="its-own-address"),
        pytest.param("127.0.0.1", "127.0.0.2", True, False, id="another-address"),
    ],
)
def test_a_destination_is_verified(tmp_path: Path, asked: str, certified: str, trusted: bool, passes: bool) -> None:
    ca = CertificateAuthority.open(tmp_path)
    client = ServerTls(ca.path if trusted else None).connection(asked, h2=True)
    server = ClientTls(ca).connection(certified)
    if passes:
        shaken(client, server)
        assert client.get_alpn_proto_negotiated() == b"h2"
    else:
        with pytest.raises(SSL.Error):
            shaken(client, server)


@pytest.mark.parametrize("name", ["", "x" * 300])
def test_a_name_that_no_certificate_can_have_is_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="certificate"):
        ClientTls(CertificateAuthority.open(tmp_path)).connection(name)
