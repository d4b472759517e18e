"""A small pack for tests, and variations of it."""

from pathlib import Path

from policies.pack import Packs

ACME = r"""
schema: 1
id: acme
title: Acme
channel: sms
http2: true
hosts:
  - api.acme.example
  - {pattern: "*.sandbox.acme.example", env: test}
credentials: {where: [{in: header, name: authorization}, {in: query, name: key}], live: ['^live_'], test: ['^test_']}
secrets: [{in: query, name: key, label: acme_key}]
types: {integer: [amount], boolean: [urgent], verbatim: [metadata]}
headers: {x-request-id: "${gen.uuid()}"}
idempotency:
  key: "req.headers['idempotency-key']"
  replayed: {x-replayed: "yes"}
  conflict: {status: 409, json: {error: "other request"}}
shapes:
  message: {id: "${var.id}", to: "${req.data.to}", at: "${now}", fixed: [1, {a: b}]}
operations:
  - id: message.create
    effect: write
    match: {method: POST, path: /messages}
    extract: {to: req.data.to, text: req.data.text}
    response:
      status: 201
      let: {id: "msg_${gen.hex(8)}"}
      json: {$merge: [{$shape: message}, {parts: {$each: req.data.parts, $as: p, $do: {n: "${i}", name: "${p.name}"}}}]}
    save: {collection: messages, key: out.id}
  - id: message.get
    effect: read
    match: {method: GET, path: "/messages/{id}"}
    load: {collection: messages, key: req.params.id, missing: {status: 404, json: {error: none}}}
    response: {json: "${obj}"}
  - id: message.list
    effect: read
    match: {method: GET, path: /messages}
    list: {collection: messages}
    response: {json: {items: "${objs}"}}
  - id: message.delete
    effect: write
    match: {method: DELETE, path: "/messages/{id}"}
    recipients: unknown
    response: {status: 204}
    save: {collection: messages, key: req.params.id, remove: true}
  - id: token
    effect: auth
    match: {method: POST, path: /token}
    response: {json: {access_token: "stub_${gen.b62(8)}"}}
  - id: legacy.send
    effect: write
    match: {method: POST, path: /legacy, when: "req.form.Action == 'Send'"}
    extract: {to: req.form.To}
    response: {xml: {SendResponse: {"@xmlns": "urn:acme", Item: {$each: x.to, $as: one, $do: {To: "${one}"}}}}}
  - id: stream
    effect: read
    match: {method: POST, path: /stream}
    response: {sse: [{event: start, data: {a: 1}}, "[DONE]"]}
  - id: other
    effect: write
    generic: true
    match: {method: POST, path: "/{rest+}"}
    response: {json: {ok: true}}
denied:
  - {when: "req.form.Action", status: 403, xml: {Error: {Message: "${reason}"}}}
  - {status: 403, json: {error: "${reason}"}}
examples:
  - do: POST https://api.acme.example/messages
    json: {to: "+1", text: hi}
    is: {operation: message.create, recipients: ["+1"], status: 201}
"""


def packs(directory: Path, text: str = ACME, name: str = "acme.yaml", *, check: bool = True) -> Packs:
    (directory / name).write_text(text)
    return Packs.load([directory], check=check)
