// Captured: one capture as a test reads it, and Attachment, a file that came with a mail.
import { bodyJson } from './match.js';
import { NotAsExpected } from './trouble.js';
import { harmless, shown } from './value.js';

const LINK = /https?:\/\/[^\s<>"']+/g;
const CODE = /(?<![\w-])\d{4,8}(?![\w-])/g;
/** Facts that a summary tells. */
const TOLD = ['to', 'subject', 'amount', 'currency', 'bucket', 'key', 'name'];

/** A file that came with a mail. */
export class Attachment {
  #fetch;

  constructor(told, fetch) {
    this.name = told.filename;
    this.contentType = told.content_type;
    this.size = told.size;
    this.#fetch = fetch;
  }

  /** A promise of its octets, as a Buffer. */
  content() {
    return this.#fetch();
  }
}

/** One capture, with its detail. `asJson` is all the API says of it. */
export class Captured {
  #wire;

  constructor(wire, detail) {
    this.#wire = wire;
    this.asJson = detail;
    /** Its page on the dashboard. */
    this.url = wire.place.page(detail.id);
    /** What was understood of it, by the API's names: `facts.amount`, `facts.idempotency_key`. */
    this.facts = Object.freeze({ ...detail.facts });
    for (const name of ['id', 'at', 'run', 'window', 'source', 'channel', 'intent', 'protocol']) this[name] = detail[name];
    for (const name of ['provider', 'operation', 'verdict', 'rule', 'reason', 'fidelity']) this[name] = detail[name];
    for (const name of ['scheme', 'host', 'port', 'method', 'path']) this[name] = detail.target[name];
    this.left = detail.left;
    this.flags = detail.flags ?? [];
  }

  /** Every recipient: of a mail those of its envelope. */
  get to() {
    const told = this.facts.to || this.facts.recipient || [];
    return Array.isArray(told) ? [...told] : [told];
  }

  get sender() {
    return this.facts.from;
  }

  get subject() {
    return this.facts.subject;
  }

  /** What it says to its reader, without markup. */
  get text() {
    return String(this.asJson.text || this.facts.text || '');
  }

  get html() {
    return this.asJson.html ?? undefined;
  }

  /** Every link, in order. */
  get links() {
    return [...(this.asJson.links ?? this.text.match(LINK) ?? [])];
  }

  /** What looks like a one-time code, in order. */
  get codes() {
    return [...(this.asJson.codes ?? this.text.match(CODE) ?? [])];
  }

  get attachments() {
    const base = `/api/captures/${this.id}/parts`;
    return (this.asJson.attachments ?? []).map((one) => new Attachment(one, () => this.#octets(`${base}/${one.n}`)));
  }

  /** The header fields, by lower-case name; of several with one name the last. */
  get headers() {
    return Object.fromEntries((this.asJson.headers ?? []).map(([name, value]) => [name.toLowerCase(), value]));
  }

  /** A promise of the captured octets: of a mail exactly as sent, of an API call with its credentials removed. */
  raw() {
    return this.#octets(`/api/captures/${this.id}/raw`);
  }

  /** The body as JSON, undefined where it is none. */
  json() {
    return bodyJson(this.asJson);
  }

  /** The one link that contains a text. Throws NotAsExpected where there is none, or several that differ. */
  link(part = '') {
    return only('link', part, this.links.filter((one) => one.includes(part)), this.links);
  }

  /** The one code. Throws NotAsExpected where there is none, or several that differ. */
  code() {
    return only('code', '', this.codes, this.codes);
  }

  toString() {
    return `${summary(this.asJson)}, ${this.url}`;
  }

  async #octets(path) {
    return (await this.#wire.ask('GET', path, { raw: true })).value;
  }
}

function only(what, part, found, every) {
  const different = new Set(found);
  if (different.size === 1) return found[0];
  const containing = part ? ` that contains '${part}'` : '';
  const number = different.size === 0 ? 'no' : `${different.size} different`;
  throw new NotAsExpected(`there is ${number} ${what}${containing}; there are ${shown(every)}`);
}

/** One capture in a few words, for messages. */
export function summary(capture) {
  const { channel, facts, target } = capture;
  const words = [channel, ...[capture.provider, capture.operation].filter((one) => one && one !== 'unknown')];
  if (words.length === 1 && channel !== 'email' && channel !== 'dns') {
    words.push(`${target.method ?? ''} ${target.host ?? ''}${target.path ?? ''}`.trim());
  }
  const told = TOLD.filter((name) => facts[name]).map((name) => `${name} ${shown(facts[name])}`);
  const left = capture.left ? ['which may have left'] : [];
  return harmless([words.join(' '), ...told, ...left].join(', '));
}
