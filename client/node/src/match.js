// Match: what a test expects of a capture, by keyword. It reads the JSON of a capture and asks nobody.
// Keywords are `to`, `sender`, `subject`, `host`, `amount`, ... (KEYS), and `json: {path: value}`, `form`, `headers` and
// `facts` for what is inside. An unknown keyword is refused: ignored, it would let everything pass.
import { types } from 'node:util';

import { atPath, fits, shown } from './value.js';

const ofFacts = (name) => (capture) => capture.facts[name];
const ofTarget = (name) => (capture) => capture.target[name];
const ofCapture = (name) => (capture) => capture[name];
const each = (names, of) => Object.fromEntries(names.map((name) => [name, of(name)]));

const KEYS = {
  to: (capture) => (some(capture.facts.to) ? capture.facts.to : capture.facts.recipient),
  sender: ofFacts('from'),
  from: ofFacts('from'),
  idempotencyKey: ofFacts('idempotency_key'),
  messageId: ofFacts('message_id'),
  ...each(['subject', 'amount', 'currency', 'bucket', 'key', 'template', 'name', 'what'], ofFacts),
  ...each(['scheme', 'host', 'port', 'method', 'path'], ofTarget),
  ...each(['channel', 'intent', 'provider', 'operation', 'protocol', 'source'], ofCapture),
  ...each(['verdict', 'rule', 'left', 'html', 'body'], ofCapture),
  flag: ofCapture('flags'),
  text: (capture) => capture.text || capture.facts.text || capture.body,
  link: ofCapture('links'),
  code: ofCapture('codes'),
  attachment: (capture) => (capture.attachments ?? []).map((one) => one.filename),
};
const INSIDE = {
  json: (capture) => {
    const document = bodyJson(capture);
    return (path) => atPath(path, document);
  },
  form: (capture) => {
    const fields = new URLSearchParams(capture.body ?? '');
    return (name) => (fields.has(name) ? fields.getAll(name) : undefined);
  },
  headers: (capture) => (name) => {
    const values = (capture.headers ?? []).filter(([field]) => field.toLowerCase() === name.toLowerCase());
    return values.length ? values.map(([, value]) => value) : undefined;
  },
  facts: (capture) => (name) => capture.facts[name],
};
/** Keywords that need a capture's detail, which lists do not carry. */
const IN_DETAIL = new Set(['text', 'html', 'body', 'link', 'code', 'attachment', 'json', 'form', 'headers']);
/** Keywords with few values: another one would never fit, and `none({ verdict: 'captured' })` hold whatever happens. */
const WORDS = {
  channel: ['email', 'sms', 'push', 'payment', 'webhook', 'chat', 'storage', 'queue', 'schedule', 'dns', 'web', 'socket'],
  intent: ['read', 'write', 'auth', 'connect'],
  verdict: ['allow', 'divert', 'capture', 'deny'],
  left: [true, false],
};
const FOLDED = new Set(['to', 'sender', 'from', 'host', 'method']);

/** Expectations of one capture. Throws TypeError for a keyword that nothing can have. */
export class Match {
  constructor(expected = {}) {
    for (const [key, value] of Object.entries(expected)) check(key, value);
    this.expected = { ...expected };
    this.needsDetail = Object.keys(expected).some((key) => IN_DETAIL.has(key));
    this.isEmpty = Object.keys(expected).length === 0;
  }

  /** Whether all that can be judged without detail fits. */
  perhaps(capture) {
    return this.differences(capture).every((one) => IN_DETAIL.has(one.keyword));
  }

  fits(capture) {
    return this.differences(capture).length === 0;
  }

  /** How far a capture is from this: a keyword that differs counts more the less it resembles. */
  distance(capture) {
    return this.differences(capture).reduce((sum, one) => sum + 1 - 0.5 * likeness(one), 0);
  }

  /** Each keyword that does not fit, with what was expected and what was there. */
  differences(capture) {
    return Object.entries(this.expected).flatMap(([key, expected]) => differing(key, expected, capture));
  }

  toString() {
    return Object.entries(this.expected)
      .map(([key, value]) => `${key}=${Object.hasOwn(INSIDE, key) ? within(value) : shown(value)}`)
      .join(', ');
  }
}

/** The body as JSON, undefined where it is none. */
export function bodyJson(capture) {
  try {
    return JSON.parse(capture.body ?? '');
  } catch {
    return undefined;
  }
}

function differing(key, expected, capture) {
  if (Object.hasOwn(INSIDE, key)) {
    const look = INSIDE[key](capture);
    return Object.entries(expected).flatMap(([name, value]) => difference(key, `${key} ${name}`, value, look(name)));
  }
  return difference(key, key, expected, KEYS[key](capture));
}

function difference(keyword, label, expected, actual) {
  return fits(expected, actual, FOLDED.has(keyword)) ? [] : [{ keyword, label, expected, actual: actual ?? null }];
}

function check(key, value) {
  if (Object.hasOwn(INSIDE, key)) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || types.isRegExp(value)) {
      throw new TypeError(`${key}: ${shown(value)} has to be an object, such as ${key}: {name: 'value'}`);
    }
    if (key === 'json') for (const path of Object.keys(value)) atPath(path, undefined);
  } else if (!Object.hasOwn(KEYS, key)) {
    throw new TypeError(`a capture has no '${key}' to match; ${hint(key)}`);
  }
  if (Object.hasOwn(WORDS, key) && value !== undefined && !WORDS[key].some((word) => fits(value, word))) {
    const allowed = WORDS[key].map(shown).join(', ');
    throw new TypeError(`${key}: ${shown(value)} is nothing that a capture can have; it is one of ${allowed}`);
  }
  // {to: user.email} with a typo in it would otherwise look for mails to nobody, and none() would pass.
  if (value === undefined) throw new TypeError(`${key} is undefined; where nothing is expected, say null`);
}

function hint(key) {
  const known = [...Object.keys(KEYS), ...Object.keys(INSIDE)];
  const close = known.find((name) => apart(name.toLowerCase(), key.toLowerCase()) <= 2);
  return close ? `did you mean ${close}?` : `a fact of that name is facts: {${key}: ...}`;
}

/** How many letters differ, beginning and end being alike. */
function apart(one, other) {
  let [first, last] = [0, 0];
  const short = Math.min(one.length, other.length);
  while (first < short && one[first] === other[first]) first += 1;
  while (last < short - first && one.at(-1 - last) === other.at(-1 - last)) last += 1;
  return Math.max(one.length, other.length) - first - last;
}

/** How much of an expected value is in a captured one, from 0 to 1: as pairs of letters that both have. */
function likeness({ expected, actual }) {
  if (actual === null) return 0;
  const [wanted, got] = [pairs(expected), pairs(actual)];
  if (wanted.size + got.size === 0) return 0;
  return (2 * [...wanted].filter((pair) => got.has(pair)).length) / (wanted.size + got.size);
}

function pairs(value) {
  const text = String(value).slice(0, 200);
  return new Set(Array.from({ length: Math.max(text.length - 1, 0) }, (_, at) => text.slice(at, at + 2)));
}

function within(value) {
  return `{${Object.entries(value).map(([name, one]) => `${name}: ${shown(one)}`).join(', ')}}`;
}

function some(value) {
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}
