"""Whether the programs that are installed here trust Soundstage's CA: those that do not are captured, but unread."""

import base64
import os
import re
import shutil
import ssl
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from soundstage.doctor_attempt import Finding
from soundstage.trouble import ConfigError
from soundstage.trust_bundle import KNOWN_PLACES
from soundstage.trust_java import PASSWORD, store_of

BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----")
OUR_NAME = b"Soundstage staging CA"
"""In the subject of every CA of Soundstage's: how one is known where nobody says which it is."""
TRUST_STORE = re.compile(r"-Djavax\.net\.ssl\.trustStore=(\S+)")
WHAT = "whether programs trust Soundstage's CA"
KEYTOOL_SECONDS = 8


class Stores:
    """Reads stores of certificates for one CA: the one in a PEM file, or any of Soundstage's."""

    def __init__(self, environ: Mapping[str, str], ca: Path | None) -> None:
        """ConfigError where `ca` cannot be read or holds no certificate."""
        self._environ = environ
        self._ca = None if ca is None else _first(ca)

    def findings(self) -> Iterator[Finding]:
        """One for each runtime that is here."""
        yield self._of("openssl", "OpenSSL, Python, Ruby, PHP and Go", self._system("SSL_CERT_FILE"))
        if shutil.which("curl", path=self._path):
            yield self._of("curl", "curl", self._system("CURL_CA_BUNDLE", "SSL_CERT_FILE"))
        if shutil.which("git", path=self._path):
            yield self._of("git", "git", self._system("GIT_SSL_CAINFO", "SSL_CERT_FILE"))
        if shutil.which("node", path=self._path):
            extra = self._environ.get("NODE_EXTRA_CA_CERTS")
            yield self._of("node", "Node.js (NODE_EXTRA_CA_CERTS)", Path(extra) if extra else None)
        for bundle in self._certifi():
            named = self._environ.get("REQUESTS_CA_BUNDLE")
            yield self._of(
                f"certifi:{bundle}", f"Python's certifi in {bundle.parent}", Path(named) if named else bundle
            )
        for home in self._java_homes():
            yield self._java(home)

    @property
    def _path(self) -> str:
        return self._environ.get("PATH", os.defpath)

    def _of(self, name: str, whose: str, store: Path | None) -> Finding:
        if store is not None and self.trusts(store):
            return Finding(f"trust:{name}", WHAT, "closed", f"it is trusted by {whose}, for it is in {store}")
        reason = f"it is not trusted by {whose}: " + (f"it is not in {store}" if store else "nothing names it")
        return Finding(f"trust:{name}", WHAT, "missing", f"{reason}; see soundstage env and soundstage trust")

    def trusts(self, store: Path) -> bool:
        """Whether a store holds the CA."""
        try:
            return self.holds(store.read_bytes())
        except OSError:
            return False

    def holds(self, content: bytes) -> bool:
        """Of a PEM file, or of any other in which certificates lie as they are."""
        found = [_decoded(one) for one in BLOCK.findall(content)] or [content]
        return any(self._is_ours(one) for one in found)

    def _is_ours(self, octets: bytes) -> bool:
        return OUR_NAME in octets if self._ca is None else self._ca in octets

    def _system(self, *names: str) -> Path | None:
        for name in names:
            if self._environ.get(name):
                return Path(self._environ[name])
        places = (*KNOWN_PLACES, ssl.get_default_verify_paths().openssl_cafile)
        return next((Path(place) for place in places if Path(place).is_file()), None)

    def _certifi(self) -> list[Path]:
        """Of the environment that is active and of those on the path; Debian's own certifi reads the system's store."""
        named = [self._environ[name] for name in ("VIRTUAL_ENV", "CONDA_PREFIX") if self._environ.get(name)]
        roots = [Path(one) for one in named] + [Path(one).parent for one in self._path.split(os.pathsep) if one]
        found = [bundle for root in roots for bundle in root.glob("lib/python3*/site-packages/certifi/cacert.pem")]
        return sorted({bundle.resolve() for bundle in found})

    def _java_homes(self) -> list[Path]:
        homes = [Path(self._environ["JAVA_HOME"])] if self._environ.get("JAVA_HOME") else []
        program = shutil.which("java", path=self._path)
        homes += [Path(program).resolve().parent.parent] if program else []
        return list(dict.fromkeys(home.resolve() for home in homes if home.is_dir()))

    def _java(self, home: Path) -> Finding:
        named = TRUST_STORE.search(self._environ.get("JAVA_TOOL_OPTIONS", ""))
        try:
            store = Path(named[1]) if named else store_of(home)
        except ConfigError:
            return self._of(f"java:{home}", f"Java in {home}", None)
        if not store.is_file():
            return self._of(f"java:{home}", f"Java in {home}", store)
        listed = store.read_bytes() if self.trusts(store) else _listed(home, store)
        if listed is None:
            reason = f"{store} cannot be read without keytool, and that of {home} did not say what is in it"
            return Finding(f"trust:java:{home}", WHAT, "advice", reason)
        if self.holds(listed):
            reason = f"it is trusted by Java in {home}, for it is in {store}"
            return Finding(f"trust:java:{home}", WHAT, "closed", reason)
        return self._of(f"java:{home}", f"Java in {home}", store)


def _first(ca: Path) -> bytes:
    try:
        found = BLOCK.search(ca.read_bytes())
    except OSError as trouble:
        raise ConfigError(f"--ca {ca} cannot be read: {trouble.strerror}") from None
    if found is None:
        raise ConfigError(f"--ca {ca} holds no certificate in PEM form")
    return _decoded(found[1])


def _decoded(block: bytes) -> bytes:
    try:
        return base64.b64decode(b"".join(block.split()), validate=True)
    except ValueError:
        return b""


def _listed(home: Path, store: Path) -> bytes | None:
    """What keytool says is in a store of another form; None where it cannot say."""
    words = [str(home / "bin/keytool"), "-list", "-rfc", "-keystore", str(store), "-storepass", PASSWORD]
    try:
        done = subprocess.run(words, capture_output=True, timeout=KEYTOOL_SECONDS, check=False)  # noqa: S603 - no shell
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
