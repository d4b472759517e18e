"""What is refused of one entry of `opt_in:`, and with which words."""

from pathlib import Path

import pytest
from effects import refused


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        pytest.param(
            {"id": "A B"},
            "id: 'A B' is no id; write a name of small letters, digits and dashes, such as stripe-sandbox",
            id="id",
        ),
        pytest.param(
            {"why": ""},
            "why: '' is no text; say why this may leave",
            id="why",
        ),
        pytest.param(
            {"why": "a\\nb"},
            "why: 'a\\nb' is longer than 500 characters or than one line; say why this may leave",
            id="why-of-two-lines",
        ),
        pytest.param(
            {"owner": "{}"},
            "owner: {} is no text; name the team that answers for it",
            id="owner",
        ),
        pytest.param(
            {"do": "permit"},
            "do: 'permit' is not known; write allow, divert, capture or deny",
            id="verdict",
        ),
        pytest.param(
            {"expires": "2027-12-31"},
            "expires: '2027-12-31' is more than 90 days ahead; write 2027-02-20 or earlier",
            id="too-far",
        ),
        pytest.param(
            {"expires": "2027-02-21"},
            "expires: '2027-02-21' is more than 90 days ahead; write 2027-02-20 or earlier",
            id="a-day-too-far",
        ),
        pytest.param(
            {"expires": "2027-02-20T12:00:01Z"},
            "expires: '2027-02-20T12:00:01Z' is more than 90 days ahead; write 2027-02-20 or earlier",
            id="a-second-too-far",
        ),
        pytest.param(
            {"expires": "soon"},
            "expires: 'soon' is no date; write one such as 2027-02-20, or RFC 3339 with its offset",
            id="no-date",
        ),
        pytest.param(
            {"expires": "2026-12-31T10:00:00"},
            "expires: '2026-12-31T10:00:00' is no date; write one such as 2027-02-20, or RFC 3339 with its offset",
            id="no-offset",
        ),
        pytest.param(
            {"expires": "2026-02-30"},
            "expires: '2026-02-30' is no date; write one such as 2027-02-20, or RFC 3339 with its offset",
            id="no-such-day",
        ),
        pytest.param(
            {"to": "*.com"},
            "to: '*.com' covers com, under which anybody can register a name; write *.example.com",
            id="pattern",
        ),
        pytest.param(
            {"to": "169.254.169.254"},
            "to: 169.254.169.254 is a cloud metadata service, which nothing may ever reach; name another host",
            id="metadata",
        ),
        pytest.param(
            {"to": "metadata.google.internal"},
            "to: metadata.google.internal is a cloud metadata service, which nothing may ever reach; name another host",
            id="metadata-by-name",
        ),
        pytest.param(
            {"to": "10.0.0.7"},
            "to: 10.0.0.7 is a private address, and no `addresses` of the opt-in contain it; write addresses: "
            "[10.0.0.7/32]",
            id="private",
        ),
        pytest.param(
            {"addresses": "8.8.8.0/24"},
            "addresses: '8.8.8.0/24' is public, and public addresses need no opening; name private networks only",
            id="public-addresses",
        ),
        pytest.param(
            {"addresses": "[169.254.0.0/16]"},
            "addresses[0]: '169.254.0.0/16' begins with a link-local address, which nothing may ever reach",
            id="link-local-addresses",
        ),
        pytest.param(
            {"addresses": "10.0.0.1/8"},
            "addresses: '10.0.0.1/8' is no network; write one such as 10.0.0.0/8, its host bits zero",
            id="host-bits",
        ),
        pytest.param(
            {"methods": "[get]"},
            "methods[0]: 'get' is no method; write GET",
            id="method-in-small-letters",
        ),
        pytest.param(
            {"methods": "[]"},
            "methods: the list is empty, so it would never match; leave the key away or name something",
            id="no-methods",
        ),
        pytest.param(
            {"paths": "v1"},
            "paths: 'v1' is no path; write one from its first slash on, such as /v1/**",
            id="path",
        ),
        pytest.param(
            {"channel": "[mail]"},
            "channel[0]: 'mail' is not known; write email, sms, push, payment, webhook, chat, storage, "
            "queue, schedule, dns, web or socket",
            id="channel",
        ),
        pytest.param(
            {"channel": "[dns]"},
            "channel: dns cannot be let out; write 'do: capture' or 'do: deny', or leave it away",
            id="dns-never-leaves",
        ),
        pytest.param(
            {"channel": "[socket, web]"},
            "channel: socket cannot be let out; write 'do: capture' or 'do: deny', or leave it away",
            id="sockets-never-leave",
        ),
        pytest.param(
            {"intent": "steal"},
            "intent: 'steal' is not known; write read, write, auth or connect",
            id="intent",
        ),
        pytest.param(
            {"expires": "٢٠٢٦-12-31"},
            "expires: '٢٠٢٦-12-31' is no date; write one such as 2027-02-20, or RFC 3339 with its offset",
            id="date-in-other-digits",
        ),
        pytest.param(
            {"credentials": "live"},
            "credentials: 'live' is not known; write test",
            id="live-credentials",
        ),
        pytest.param(
            {"recipients": '["*"]'},
            "recipients[0]: '*' means nearly everybody; begin it with at least 3 characters",
            id="everybody",
        ),
        pytest.param(
            {"divert": "ftp://x"},
            "divert: 'ftp://x' is no URL of a host that can be reached by http or https; write one such as "
            "http://host.internal:9000",
            id="divert-by-ftp",
        ),
        pytest.param(
            {"divert": "http://user@x.example/"},
            "divert: 'http://user@x.example/' is more than a plain host, port and path in canonical form; "
            "write one such as http://host.internal:9000",
            id="divert-with-user",
        ),
        pytest.param(
            {"divert": "http://127.0.0.1:9000"},
            "divert: 127.0.0.1 is a loopback address, and no `addresses` of the opt-in contain it; write "
            "addresses: [127.0.0.1/32]",
            id="divert-to-loopback",
        ),
        pytest.param(
            {"divert": "http://x.example", "do": "allow"},
            "do: 'do: allow' and 'divert' do not go together; write 'divert: URL' for a divert, and only then",
            id="divert-and-allow",
        ),
        pytest.param(
            {"do": "divert"},
            "do: 'do: divert' and 'divert' do not go together; write 'divert: URL' for a divert, and only then",
            id="divert-without-url",
        ),
        pytest.param(
            {"via": "smtp://x.example"},
            "via: 'via' is for mail alone; write 'email: {to: [...]}' beside it, or 'divert' for calls",
            id="via-for-calls",
        ),
        pytest.param(
            {"email": "{to: [a@x.example]}", "via": "smtp://r.example:25"},
            "to: 'to' is not for mail over SMTP; leave it away, or write 'to' in place of 'email'",
            id="both-targets",
        ),
        pytest.param(
            {"to": None, "email": "{to: [a@x.example]}"},
            "'via' is missing; write the server that delivers the mail, such as smtp://relay.internal:25",
            id="mail-without-via",
        ),
        pytest.param(
            {"to": None, "email": '{to: ["+1500555*"]}', "via": "smtp://r.example:25"},
            "email.to[0]: '+1500555*' is no mail address; write one such as *@qa.example.com",
            id="mail-to-a-number",
        ),
        pytest.param(
            {"to": None, "email": "a@x.example", "do": "deny"},
            "email: 'a@x.example' is not a mapping; write {to: [...]}",
            id="mail-to-without-to",
        ),
        pytest.param(
            {"to": None, "email": "{cc: [a@x.example], to: [a@x.example]}", "do": "deny"},
            "email.cc: the key 'cc' is not known here; the keys known here are to",
            id="mail-to-cc",
        ),
        pytest.param(
            {"to": None, "email": "{to: [a@x.example]}", "via": "http://r.example"},
            "via: 'http://r.example' is no URL of a host that can be reached by smtp or smtps; write one "
            "such as smtp://host.internal:25",
            id="via-http",
        ),
        pytest.param(
            {"to": None, "email": "{to: [a@x.example]}", "via": "smtp://169.254.169.254:25"},
            "via: 169.254.169.254 is a cloud metadata service, which nothing may ever reach; name another host",
            id="via-metadata",
        ),
    ],
)
def test_refused_opt_ins(tmp_path: Path, keys: dict[str, str | None], complaint: str) -> None:
    entry = {"id": "x", "to": "x.example", "why": "a test", "owner": "qa", "expires": "2026-12-31", **keys}
    quoted = {"id", "why", "to", "divert", "via", "do"}
    shown = ", ".join(
        f'{key}: "{value}"' if key in quoted else f"{key}: {value}" for key, value in entry.items() if value is not None
    )
    found = refused(tmp_path, f"version: 1\nopt_in:\n  - {{{shown}}}\n")
    assert f"3: opt_in[0].{complaint}" in found or f"3: opt_in[0]: {complaint}" in found
    assert len(found) == 1


@pytest.mark.parametrize(
    "key",
    [
        "do",
        "divert",
        "addresses",
        "methods",
        "paths",
        "channel",
        "intent",
        "run",
        "source",
        "recipients",
        "credentials",
    ],
)
def test_a_key_without_a_value_is_not_taken_for_no_narrowing(tmp_path: Path, key: str) -> None:
    entry = f"{{id: x, to: x.example, why: a test, owner: qa, expires: 2026-12-31, {key}: }}"
    assert refused(tmp_path, f"version: 1\nopt_in:\n  - {entry}\n") == [
        f"3: opt_in[0].{key}: {key!r} has no value; write one, or leave the key away"
    ]
