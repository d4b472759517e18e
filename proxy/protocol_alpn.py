"""ALPN: protocols that a ClientHello names and that are not HTTP (IANA's registry of TLS ALPN protocol ids). Pure."""

from proxy.protocol import Protocol

_NOT_HTTP: dict[str, str] = {
    "dot": "dot",
    "ftp": "ftps",
    "imap": "imaps",
    "irc": "ircs",
    "mqtt": "mqtts",
    "pop3": "pop3s",
    "postgresql": "postgresql",
    "sip/2": "sip",
    "smb": "smb",
    "stun.nat-discovery": "stun",
    "stun.turn": "stun",
    "tds/8.0": "tds",
    "x-amzn-mqtt-ca": "mqtts",
    "xmpp-client": "xmpp",
    "xmpp-server": "xmpp",
}


def spoken_under_tls(alpn: tuple[str, ...]) -> Protocol | None:
    """What a client will speak that offers nothing but protocols known not to be HTTP; None where it may be HTTP."""
    if not alpn or not all(offered in _NOT_HTTP for offered in alpn):
        return None
    return Protocol(_NOT_HTTP[alpn[0]])
