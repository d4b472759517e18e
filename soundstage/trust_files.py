"""Trust files: the forms of the bundle for runtimes that take no PEM file by a variable. What else lies beside it.

Java's store is made in `trust_java_store`; the settings files of PHP and wget are written here.
"""

from pathlib import Path

JAVA_STORE = "java-truststore.p12"
PHP_FOLDER = "php"
PHP_INI = f"{PHP_FOLDER}/soundstage.ini"
WGETRC = "wgetrc"
SYSTEMS_WGETRC = Path("/etc/wgetrc")

PHP_TEXT = b"""\
; Certificates of PHP's streams and of its curl; PHP puts the variable in.
openssl.cafile = "${SSL_CERT_FILE}"
curl.cainfo = "${SSL_CERT_FILE}"
"""


def wgetrc(bundle: Path, systems: Path = SYSTEMS_WGETRC) -> bytes:
    """The system's settings of wget and the bundle; the user's own ~/.wgetrc is read after it as ever."""
    theirs = systems.read_bytes().rstrip(b"\n") + b"\n" if systems.is_file() else b""
    return theirs + f"ca_certificate = {bundle}\n".encode()
