"""The value of JAVA_TOOL_OPTIONS: system properties as words, in the JVM's own quoting (JVM TI, section Start-Up).

No credentials: every JVM prints this variable when it starts.
"""

import re
from collections.abc import Sequence

from soundstage.trust_java import PASSWORD

WORD = re.compile(r"""(?:[^\s"']|"[^"]*"|'[^']*')+""")


def java_options(proxy: tuple[str, int], direct: Sequence[str], store: str) -> str:
    """Proxy, the hosts that are reached directly, and the store of certificates, a PKCS #12 file."""
    host, port = proxy
    properties = {
        "http.proxyHost": host,
        "http.proxyPort": str(port),
        "https.proxyHost": host,
        "https.proxyPort": str(port),
        "http.nonProxyHosts": "|".join(f"[{name}]" if ":" in name else name for name in direct),
        "javax.net.ssl.trustStore": store,
        "javax.net.ssl.trustStoreType": "PKCS12",
        "javax.net.ssl.trustStorePassword": PASSWORD,
    }
    return " ".join(_quoted(f"-D{name}={value}") for name, value in properties.items())


def after(theirs: str, ours: str) -> str:
    """The options somebody has set already, but for the properties that ours set, and then ours."""
    taken = {_property(word) for word in WORD.findall(ours)}
    kept = [word for word in WORD.findall(theirs) if _property(word) not in taken]
    return " ".join([*kept, ours])


def _property(word: str) -> str:
    """`-Dname` of `-Dname=value`; a quote anywhere in a word is none of its text."""
    return re.sub(r"""["']""", "", word.partition("=")[0])


def _quoted(word: str) -> str:
    """A quotation mark is put into marks of the other kind: nothing escapes it."""
    if not re.search(r"""[\s"']""", word):
        return word
    return '"' + word.replace('"', '"\'"\'"') + '"'
