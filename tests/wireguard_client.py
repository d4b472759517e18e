"""A WireGuard client of our own: one tunnel, from a TUN device in a network namespace to a server, in user space.

The kernels that run tests often have no WireGuard. The handshake is Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s as
https://www.wireguard.com/papers/wireguard.pdf, section 5.4, has it; there are no cookies, no rekeying and no key
shared beforehand: a test is over before they are due.
"""

import base64
import contextlib
import fcntl
import hashlib
import hmac
import os
import selectors
import shutil
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from small_internet_world import inside

CONSTRUCTION = b"Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s"
IDENTIFIER = b"WireGuard v1 zx2c4 Jason@zx2c4.com"
INITIATION, RESPONSE, TRANSPORT = 1, 2, 4
SET_INTERFACE, TUN, NO_HEADER = 0x400454CA, 0x0001, 0x1000
"""TUNSETIFF, IFF_TUN and IFF_NO_PI of linux/if_tun.h."""
MTU = 1420


def cannot() -> str | None:
    """Why there is no such client on this machine, or None."""
    if os.geteuid() != 0:
        return "a TUN device in a network namespace needs root"
    if not Path("/dev/net/tun").exists():
        return "there is no /dev/net/tun"
    missing = [name for name in ("ip", "nsenter", "curl") if shutil.which(name) is None]
    return f"not installed: {', '.join(missing)}" if missing else None


def _hash(*parts: bytes) -> bytes:
    return hashlib.blake2s(b"".join(parts)).digest()


def _derive(key: bytes, data: bytes, count: int) -> list[bytes]:
    """HKDF as Noise has it: `count` keys."""
    secret, made = hmac.digest(key, data, "blake2s"), [b""]
    for number in range(1, count + 1):
        made.append(hmac.digest(secret, made[-1] + bytes([number]), "blake2s"))
    return made[1:]


def _nonce(counter: int) -> bytes:
    return bytes(4) + counter.to_bytes(8, "little")


class Handshake:
    """The initiator's side."""

    def __init__(self, private: bytes, server: bytes) -> None:
        self._private = X25519PrivateKey.from_private_bytes(private)
        self._ephemeral = X25519PrivateKey.generate()
        self._server = X25519PublicKey.from_public_bytes(server)
        self._server_octets = server
        self._chain = _hash(CONSTRUCTION)
        self._digest = _hash(_hash(self._chain, IDENTIFIER), server)

    def initiation(self, index: int) -> bytes:
        """The first message."""
        ephemeral = self._ephemeral.public_key().public_bytes_raw()
        [self._chain] = _derive(self._chain, ephemeral, 1)
        self._digest = _hash(self._digest, ephemeral)
        static = self._sealed(self._ephemeral.exchange(self._server), self._private.public_key().public_bytes_raw())
        now = time.time_ns()
        stamp = struct.pack("!QI", 2**62 + 10 + now // 10**9, now % 10**9)
        sealed = self._sealed(self._private.exchange(self._server), stamp)
        said = struct.pack("<II", INITIATION, index) + ephemeral + static + sealed
        mark = hashlib.blake2s(said, key=_hash(b"mac1----", self._server_octets), digest_size=16).digest()
        return said + mark + bytes(16)

    def finished(self, response: bytes) -> tuple[int, bytes, bytes]:
        """The server's index, and the keys to send and to receive by. InvalidTag: it was not for us."""
        index, ephemeral, proof = int.from_bytes(response[4:8], "little"), response[12:44], response[44:60]
        theirs = X25519PublicKey.from_public_bytes(ephemeral)
        [self._chain] = _derive(self._chain, ephemeral, 1)
        self._digest = _hash(self._digest, ephemeral)
        for ours in (self._ephemeral, self._private):
            [self._chain] = _derive(self._chain, ours.exchange(theirs), 1)
        self._chain, mixed, key = _derive(self._chain, bytes(32), 3)
        self._digest = _hash(self._digest, mixed)
        ChaCha20Poly1305(key).decrypt(_nonce(0), proof, self._digest)
        send, receive = _derive(self._chain, b"", 2)
        return index, send, receive

    def _sealed(self, shared: bytes, data: bytes) -> bytes:
        self._chain, key = _derive(self._chain, shared, 2)
        sealed = ChaCha20Poly1305(key).encrypt(_nonce(0), data, self._digest)
        self._digest = _hash(self._digest, sealed)
        return sealed


def read_config(text: str) -> dict[str, str]:
    """The fields of a wg-quick file, whatever section they stand in."""
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, value in pairs}


class WireGuardClient:
    """A namespace whose only way out is the tunnel, up while the block lasts."""

    def __init__(self, config: str, folder: Path, outside: str | None = None) -> None:
        """`outside`: the namespace that the tunnel's own packets go through; None: the one we are in."""
        self._config = read_config(config)
        self._folder = folder
        self._outside = outside
        self.name = f"soundstage-wg-{os.getpid()}-{id(self) % 100_000}"

    def __enter__(self) -> "WireGuardClient":
        subprocess.run(["ip", "netns", "add", self.name], check=True)
        with contextlib.ExitStack() as held:
            held.callback(subprocess.run, ["ip", "netns", "delete", self.name], check=False)
            self._tun = self._device()
            held.callback(os.close, self._tun)
            host, _, port = self._config["Endpoint"].rpartition(":")
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            self._wire = held.enter_context(self._socket(family))
            self._wire.connect((host.strip("[]"), int(port)))
            self._route()
            self._shake_hands()
            self._stop, stopped = socket.socketpair()
            self._thread = threading.Thread(target=self._carry, args=(stopped,), daemon=True)
            self._thread.start()
            self._held = held.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.close()
        self._thread.join(10)
        self._held.close()

    def run(self, *words: str, given: str | None = None, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        """A command inside, with the resolver that the configuration names."""
        (self._folder / "resolv.conf").write_text(f"nameserver {self._config['DNS'].split(',')[0]}\n")
        enter = 'mount --bind "$0" "$(readlink -f /etc/resolv.conf)"; exec "$@"'
        return subprocess.run(
            ["nsenter", f"--net=/run/netns/{self.name}", "unshare", "--mount", "sh", "-c", enter,
             str(self._folder / "resolv.conf"), *words],
            input=given, capture_output=True, text=True, timeout=timeout, check=False, cwd="/",
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        )  # fmt: skip

    def inside[T](self, what: Callable[[], T]) -> T:
        """What a function gives in the namespace; sockets it makes stay there."""
        return inside(self.name, what)

    def _socket(self, family: int) -> socket.socket:
        def make() -> socket.socket:
            return socket.socket(family, socket.SOCK_DGRAM)

        return make() if self._outside is None else inside(self._outside, make)

    def _device(self) -> int:
        def make() -> int:
            made = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
            fcntl.ioctl(made, SET_INTERFACE, struct.pack("16sH14x", b"wg0", TUN | NO_HEADER))
            return made

        return self.inside(make)

    def _route(self) -> None:
        lines = ["link set lo up", f"link set wg0 mtu {MTU} up"]
        addresses = [one.strip() for one in self._config["Address"].split(",")]
        lines += [f"address add {one} dev wg0" + (" nodad" if ":" in one else "") for one in addresses]
        lines += [f"route add {net.strip()} dev wg0" for net in self._config["AllowedIPs"].split(",")]
        words = ["ip", "-netns", self.name, "-batch", "-"]
        subprocess.run(words, input="\n".join(lines) + "\n", text=True, check=True)

    def _shake_hands(self) -> None:
        private, server = (base64.b64decode(self._config[name]) for name in ("PrivateKey", "PublicKey"))
        shaking = Handshake(private, server)
        self._wire.settimeout(60)
        self._wire.send(shaking.initiation(7))
        while (heard := self._wire.recv(65536))[0] != RESPONSE:
            pass
        self._index, send, receive = shaking.finished(heard)
        self._sending, self._receiving, self._count = ChaCha20Poly1305(send), ChaCha20Poly1305(receive), 0
        self._wire.setblocking(False)
        self._send(b"")  # the server answers nothing until it has seen that we have the keys

    def _send(self, packet: bytes) -> None:
        padded = packet + bytes(-len(packet) % 16)
        sealed = self._sending.encrypt(_nonce(self._count), padded, None)
        head = struct.pack("<IIQ", TRANSPORT, self._index, self._count)
        self._count += 1
        with contextlib.suppress(OSError):
            self._wire.send(head + sealed)

    def _carry(self, stopped: socket.socket) -> None:
        with selectors.DefaultSelector() as ready, stopped:
            for what in (self._tun, self._wire, stopped):
                ready.register(what, selectors.EVENT_READ)
            while True:
                for key, _ in ready.select():
                    if key.fileobj is stopped:
                        return
                    if key.fileobj is self._wire:
                        self._arrived()
                    else:
                        with contextlib.suppress(OSError):
                            self._send(os.read(self._tun, 65536))

    def _arrived(self) -> None:
        with contextlib.suppress(OSError, InvalidTag):
            heard = self._wire.recv(65536)
            if heard[0] != TRANSPORT:
                return
            packet = self._receiving.decrypt(heard[8:16].rjust(12, b"\0"), heard[16:], None)
            if packet:
                os.write(self._tun, packet[: _length(packet)])


def _length(packet: bytes) -> int:
    """Without the padding."""
    if packet[0] >> 4 == 4:
        return int.from_bytes(packet[2:4])
    return 40 + int.from_bytes(packet[4:6])
