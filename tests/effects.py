"""Effects and policies for tests: short ways to write what a test does not care about."""

import json
from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from policies.effect import Effect, Target
from policies.http_request import HttpRequest
from policies.mail import Mail
from policies.naming import meant
from policies.path import canonical_path, is_canonical
from policies.policy import Policy
from policies.policy_file import PolicyError, load_policy

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
WHOLE = """\
version: 1
environment: staging-eu
defaults:
  sms: deny
  web: {write: deny}
opt_in:
  - id: stripe-sandbox
    to: api.stripe.com
    methods: [GET, POST]
    paths: [/v1/**]
    credentials: test
    do: allow
    why: checkout runs against the Stripe sandbox
    owner: payments-team
    expires: 2026-12-31
  - id: qa-mailboxes
    email: {to: ["*@qa.example.com"]}
    via: smtp://relay.internal:25
    addresses: [10.0.0.0/8]
    why: QA reads real mail
    owner: qa
    expires: 2026-12-31T10:00:00+01:00
  - id: s3-to-minio
    to: "*.s3.amazonaws.com"
    divert: http://minio.internal:9000
    addresses: [10.0.0.0/8]
    why: uploads go to MinIO
    owner: qa
    expires: 2026-11-01
examples:
  - {do: GET https://api.stripe.com/v1/charges, with: {authorization: Bearer sk_test_x}, is: allow, by: stripe-sandbox}
  - {do: GET https://api.stripe.com/v1/charges, with: {Authorization: Bearer sk_live_x}, is: deny}
  - {do: POST https://api.stripe.com/v1/charges, body: {amount: 1}, is: capture, by: "default:payment"}
  - {do: PUT https://b.s3.amazonaws.com/k, body: x, is: divert, by: s3-to-minio}
  - {mail: {to: [someone@customer.com]}, is: capture}
  - {mail: {to: a@qa.example.com, from: x@y.example}, is: allow}
"""
"""A file with each kind of opt-in and example, as policy.md shows it."""
REST = {"why": "a test", "owner": "qa", "expires": "2026-12-31"}


def call(
    url: str = "https://api.stripe.com/v1/charges", method: str = "POST", channel: str = "webhook", **given: Any
) -> Effect:
    """One HTTP call. `given` are fields of Effect."""
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    named = meant((("host", authority),), scheme, None)
    fields: dict[str, Any] = {
        "channel": channel,
        "intent": "read" if method == "GET" else "write",
        "protocol": "http/1.1",
        "target": Target(
            scheme=scheme, host=named.host, port=named.port, method=method, path=canonical_path(slash + path)
        ),
        "source": "10.0.3.7",
        "conflicts": named.conflicts,
        "canonical": named.canonical and is_canonical(slash + path),
    }
    return Effect(**{**fields, **given})


def mail(*recipients: str, **given: Any) -> Effect:
    """One mail over SMTP."""
    fields: dict[str, Any] = {
        "channel": "email",
        "intent": "write",
        "protocol": "smtp",
        "target": Target(scheme="smtp", host="mail", port=1025),
        "source": "10.0.3.7",
        "recipients": recipients,
    }
    return Effect(**{**fields, **given})


def describe_plainly(seen: HttpRequest | Mail, run: str) -> Effect:
    """A describer that knows one provider, Stripe, and its keys."""
    if isinstance(seen, Mail):
        return mail(*seen.recipients, run=run, source=seen.source)
    key = seen.header("authorization") or ""
    stripe = seen.names[0][1].endswith("stripe.com")
    credential = "live" if "sk_live" in key else "test" if "sk_test" in key else "unknown" if key else "none"
    return call(
        f"{seen.scheme}://{seen.names[0][1]}{seen.target}",
        seen.method,
        "payment" if stripe else "web" if seen.method == "GET" else "webhook",
        credential=credential if stripe else "none",
        run=run,
        source=seen.source,
    )


def entry(name: str, **keys: Any) -> dict[str, Any]:
    """One entry of `opt_in:`, whole but for its target."""
    return {"id": name, **REST, **keys}


def write_policy(folder: Path, text: str, name: str = "policy.yaml") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def policy_of(folder: Path, *entries: dict[str, Any], sockets: tuple[tuple[str, int], ...] = (), **top: Any) -> Policy:
    """The policy of one file with these opt-ins. JSON is YAML."""
    text = json.dumps({"version": 1, "opt_in": list(entries), **top})
    return load(write_policy(folder, text), own_sockets=sockets)


def load(*paths: Path, **given: Any) -> Policy:
    """Loads with the plain describer at NOW."""
    return load_policy(paths, **{"now": NOW, "describe": describe_plainly, **given})


def refused(folder: Path, text: str) -> list[str]:
    """The complaints about a text, without the file's name."""
    path = write_policy(folder, dedent(text))
    with pytest.raises(PolicyError) as raised:
        load(path)
    assert str(raised.value) == "\n".join(map(str, raised.value.problems))
    return [line.removeprefix(f"{path}:") for line in str(raised.value).splitlines()]
