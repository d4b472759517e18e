"""Text protocols: what their first line, or what there is of it, looks like. HTTP has been ruled out before."""

import re
from collections.abc import Callable

Begins = Callable[[bytes], object]


def _like(pattern: bytes) -> Begins:
    return re.compile(pattern).match


def _called(words: bytes) -> Begins:
    """A command alone on its line, or with what follows it, in any case."""
    return _like(rb"(?i)(?:" + words + rb")(?:[ \t][^\r\n]*)?\r?\n")


TEXT: tuple[tuple[str, Begins], ...] = (
    ("ssh", _like(rb"SSH-[12]\.")),
    ("rsync", _like(rb"@RSYNCD:")),
    ("xmpp", _like(rb"(?:<\?xml[^>]{0,200}\?>\s*)?<stream:stream[\s>]")),
    ("git", _like(rb"[0-9a-f]{4}git-(?:upload-pack|receive-pack|upload-archive) ")),
    ("proxy-protocol", _like(rb"PROXY (?:TCP4|TCP6|UNKNOWN)[ \r]")),
    ("sip", _like(rb"[A-Z]{3,16} sips?:[^\r\n]{1,1000} SIP/2\.0\r?\n")),
    ("rtsp", _like(rb"[A-Z_]{3,16} [^\r\n]{1,1000} RTSP/[12]\.0\r?\n")),
    ("fix", _like(rb"8=FIXT?\.\d\.\d\x01")),
    ("vnc", _like(rb"RFB \d{3}\.\d{3}\n")),
    ("amqp", _like(rb"AMQP[\x00-\x03][\x00-\x01]")),
    ("nats", _like(rb"CONNECT[ \t]+\{")),
    ("stomp", _like(rb"(?:CONNECT|STOMP)\r?\n[a-z-]+:")),
    ("smtp", _called(rb"EHLO|HELO|LHLO|MAIL FROM:\S*|RCPT TO:\S*")),
    ("imap", _like(rb"(?i)[a-z0-9.]{1,32} (?:CAPABILITY|LOGIN|AUTHENTICATE|STARTTLS|ID|SELECT|NAMESPACE)[ \r\n]")),
    ("irc", _called(rb"NICK|CAP (?:LS|REQ|END)|USER \S+ \S+ \S+ :?\S+")),
    ("ftp", _called(rb"AUTH (?:TLS|SSL)|FEAT|SYST|OPTS UTF8|PBSZ|EPSV|PASV")),
    ("zookeeper", _like(rb"(?:ruok|srvr|mntr|stat|conf|cons|dump|envi|isro|wchs)\r?\n?\Z")),
    (
        "memcached",
        _like(rb"(?:gets?|gats?|delete|touch|incr|decr|stats|version|flush_all|verbosity|m[gsdan])(?: |\r\n)"),
    ),
    ("memcached", _like(rb"(?:set|add|replace|append|prepend|cas) \S{1,250} \d+ -?\d+ \d+")),
    ("redis", _like(rb"\*\d{1,7}\r\n\$\d{1,9}\r\n")),
    ("redis", _called(rb"PING|AUTH|SELECT|INFO|HELLO [23]|CLIENT|ECHO|COMMAND|GET|SET|SUBSCRIBE|CONFIG")),
    ("pop3", _called(rb"USER|PASS|CAPA|APOP|STLS")),
    ("syslog", _like(rb"(?:\d{1,5} )?<\d{1,3}>")),
    ("graphite", _like(rb"[\w.;=-]+ -?\d+(?:\.\d+)? \d{9,11}\r?\n")),
)
"""In the order they are tried: a command that several protocols have is the later one's only."""
