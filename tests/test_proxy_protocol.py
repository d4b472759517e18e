"""What a connection speaks, told from its first bytes: a table of real openings, and nonsense that must not matter."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.protocol import Protocol, guess, recognise
from proxy.protocol_port import BY_PORT, SILENT_UNDER_TLS, TITLES

OPENINGS = [
    pytest.param("smtp", b"EHLO shop.example\r\n", id="smtp"),
    pytest.param("smtp", b"helo shop\r\n", id="smtp-in-small-letters"),
    pytest.param("imap", b"a1 CAPABILITY\r\n", id="imap"),
    pytest.param("imap", b"A0001 LOGIN someone secret\r\n", id="imap-login"),
    pytest.param("pop3", b"CAPA\r\n", id="pop3"),
    pytest.param("pop3", b"USER someone\r\n", id="pop3-user"),
    pytest.param("ftp", b"AUTH TLS\r\n", id="ftp-auth"),
    pytest.param("ssh", b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", id="ssh"),
    pytest.param("postgresql", bytes.fromhex("0000000804d2162f"), id="postgresql-sslrequest"),
    pytest.param("postgresql", bytes.fromhex("0000000804d21630"), id="postgresql-gssencrequest"),
    pytest.param("postgresql", bytes.fromhex("0000001004d2162e0000000700000009"), id="postgresql-cancel"),
    pytest.param("postgresql", b"\0\0\0\x29\0\3\0\0user\0postgres\0database\0shop\0\0", id="postgresql-startup"),
    pytest.param("redis", b"*1\r\n$4\r\nPING\r\n", id="redis"),
    pytest.param("redis", b"*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n", id="redis-auth"),
    pytest.param("redis", b"PING\r\n", id="redis-inline"),
    pytest.param("amqp", b"AMQP\x00\x00\x09\x01", id="amqp-0-9-1"),
    pytest.param("amqp", b"AMQP\x03\x01\x00\x00", id="amqp-1-0-sasl"),
    pytest.param("kafka", struct.pack(">ihhih", 35, 18, 3, 1, 7) + b"rdkafka" + bytes(18), id="kafka-apiversions"),
    pytest.param("kafka", struct.pack(">ihhih", 20, 3, 1, 0, -1) + bytes(10), id="kafka-metadata-without-client"),
    pytest.param("mqtt", b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04test", id="mqtt-3-1-1"),
    pytest.param("mqtt", b"\x10\x82\x01\x00\x06MQIsdp\x03\x02\x00\x3c", id="mqtt-3-1-and-a-longer-length"),
    pytest.param("ldap", bytes.fromhex("300c020101600702010304008000"), id="ldap-bind"),
    pytest.param("ldap", bytes.fromhex("301d02010177188016312e33"), id="ldap-tls"),
    pytest.param("mongodb", struct.pack("<iiii", 269, 1, 0, 2004) + b"\0\0\0\0admin.$cmd\0", id="mongodb-query"),
    pytest.param("mongodb", struct.pack("<iiii", 100, 7, 0, 2013) + bytes(84), id="mongodb-msg"),
    pytest.param("mongodb", struct.pack("<iiii", 0x4141, 7, 0, 2013) + bytes(84), id="mongodb-as-long-as-a-letter"),
    pytest.param("memcached", b"get session:42\r\n", id="memcached"),
    pytest.param("memcached", b"set session:42 0 3600 5\r\nhello\r\n", id="memcached-set"),
    pytest.param("memcached", b"version\r\n", id="memcached-version"),
    pytest.param("memcached", b"\x80\x00\x00\x05\0\0\0\0\0\0\0\x05" + bytes(12) + b"hello", id="memcached-binary"),
    pytest.param("nats", b'CONNECT {"verbose":false,"pedantic":false}\r\nPING\r\n', id="nats"),
    pytest.param("stomp", b"CONNECT\naccept-version:1.2\nhost:broker\n\n\0", id="stomp"),
    pytest.param("cassandra", bytes.fromhex("040000000500000000"), id="cassandra-options"),
    pytest.param("cassandra", bytes.fromhex("0400000001000000160001000b"), id="cassandra-startup"),
    pytest.param("oracle", bytes.fromhex("00c70000010000000139012c0c41"), id="oracle-connect"),
    pytest.param("tds", bytes.fromhex("1201002f0000010000001a0006"), id="sql-server-prelogin"),
    pytest.param("rdp", bytes.fromhex("0300002c27e00000000000436f6f6b69653a"), id="rdp"),
    pytest.param("smb", bytes.fromhex("00000045ff534d4272"), id="smb-1"),
    pytest.param("smb", bytes.fromhex("000000e8fe534d4240"), id="smb-2"),
    pytest.param("xmpp", b"<?xml version='1.0'?><stream:stream to='example.com'>", id="xmpp"),
    pytest.param("irc", b"CAP LS 302\r\nNICK me\r\n", id="irc"),
    pytest.param("irc", b"USER me 0 * :My Name\r\n", id="irc-user"),
    pytest.param("bittorrent", b"\x13BitTorrent protocol" + bytes(8), id="bittorrent"),
    pytest.param("git", b"0033git-upload-pack /project.git\0host=git.example\0", id="git"),
    pytest.param("rsync", b"@RSYNCD: 31.0\n", id="rsync"),
    pytest.param("sip", b"REGISTER sip:example.com SIP/2.0\r\n", id="sip"),
    pytest.param("rtsp", b"OPTIONS rtsp://camera.example/ RTSP/1.0\r\n", id="rtsp"),
    pytest.param("stun", bytes.fromhex("000100002112a442") + bytes(12), id="stun-binding"),
    pytest.param("stun", bytes.fromhex("000300082112a442") + bytes(12), id="turn-allocate"),
    pytest.param("dns-tcp", bytes.fromhex("001d1a2b01000001000000000000076578616d706c6503636f6d0000010001"), id="dns"),
    pytest.param("zookeeper", b"ruok", id="zookeeper-four-letters"),
    pytest.param("zookeeper", struct.pack(">iiqiqi", 45, 0, 0, 30_000, 0, 16) + bytes(17), id="zookeeper-connect"),
    pytest.param("smpp", struct.pack(">IIII", 40, 9, 0, 1) + b"user\0secret\0" + bytes(12), id="smpp-bind"),
    pytest.param("kerberos", b"\x00\x00\x00\xd1\x6a\x81\xce\x30\x81\xcb\xa1\x03\x02\x01\x05", id="kerberos"),
    pytest.param("bolt", bytes.fromhex("6060b01700000404"), id="bolt"),
    pytest.param("clickhouse", b"\x00\x11ClickHouse client", id="clickhouse"),
    pytest.param("socks", b"\x05\x01\x00", id="socks-5"),
    pytest.param("socks", b"\x04\x01\x01\xbb\x01\x01\x01\x01\x00", id="socks-4"),
    pytest.param("telnet", b"\xff\xfd\x03\xff\xfb\x18", id="telnet"),
    pytest.param("vnc", b"RFB 003.008\n", id="vnc"),
    pytest.param("fix", b"8=FIX.4.4\x019=70\x01", id="fix"),
    pytest.param("hl7", b"\x0bMSH|^~\\&|LAB", id="hl7"),
    pytest.param("syslog", b"<34>1 2026-11-22T10:00:00Z host app - - - hello\n", id="syslog"),
    pytest.param("syslog", b"55 <34>1 2026-11-22T10:00:00Z host app - - - hello", id="syslog-with-a-length"),
    pytest.param("graphite", b"shop.orders.count 42 1763800000\n", id="graphite"),
    pytest.param("proxy-protocol", b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n", id="proxy-protocol"),
    pytest.param("proxy-protocol", b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c", id="proxy-protocol-2"),
]


@pytest.mark.parametrize(("name", "seen"), OPENINGS)
def test_openings(name: str, seen: bytes) -> None:
    assert recognise(seen, 40_000) == Protocol(name)
    assert TITLES[name] in Protocol(name).what


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\0", id="an-octet"),
        pytest.param(b"hello there\n", id="words"),
        pytest.param(b"EHL", id="a-part-of-a-word"),
        pytest.param(b"EHLO shop.exam", id="a-line-without-its-end"),
        pytest.param(b"\0\0\0\x08", id="a-length-alone"),
        pytest.param(b"\xde\xad\xbe\xef" * 8, id="nonsense"),
        pytest.param(b"\x10\x80\x80\x80\x80\x01", id="a-length-that-never-ends"),
        pytest.param(b"\x30\x84\xff\xff\xff\xff", id="a-sequence-without-content"),
        pytest.param(b"\0" * 64, id="noughts"),
    ],
)
def test_what_begins_nothing_known(seen: bytes) -> None:
    assert recognise(seen, 40_000) is None


def test_the_port_decides_between_protocols_that_begin_alike() -> None:
    assert recognise(b"USER someone\r\n", 21) == Protocol("ftp")
    assert recognise(b"USER someone\r\n", 110) == Protocol("pop3")


def test_a_guess_says_that_it_is_one() -> None:
    assert guess(3306) == Protocol("mysql", guessed=True)
    assert "a guess" in guess(3306).what
    assert guess(40_000) == Protocol("tcp")
    assert "not recognised" in guess(40_000).what


def test_every_port_leads_to_a_protocol_with_a_title() -> None:
    assert set(BY_PORT.values()) <= set(TITLES)
    assert set(BY_PORT) >= SILENT_UNDER_TLS


@given(st.binary(max_size=200), st.integers(0, 65_535))
def test_no_bytes_are_trouble(seen: bytes, port: int) -> None:
    found = recognise(seen, port)
    assert found is None or (found.name in TITLES and not found.guessed)


@given(st.sampled_from([param.values for param in OPENINGS]), st.binary(max_size=40))
def test_more_bytes_do_not_change_a_protocol(opening: tuple[str, bytes], more: bytes) -> None:
    name, seen = opening
    if name not in ("socks", "zookeeper"):  # told by where they end
        assert recognise(seen + more, 40_000) == Protocol(name)
