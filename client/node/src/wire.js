// Wire: questions to the API over HTTP.
// Neither fetch nor the global agent is used: tests replace the one, and both may read the proxy variables of the run.
// The functions are taken when this is loaded, so that a test that mocks HTTP does not answer for Soundstage.
import { request as plain } from 'node:http';
import { request as secure } from 'node:https';

import { after } from './clock.js';
import { Refused, Unanswered } from './trouble.js';

const SEND = { 'http:': plain, 'https:': secure };
/** Seconds beyond what was asked to wait until no answer means that there is none. */
const GRACE = 15;

export class Wire {
  constructor(place) {
    this.place = place;
  }

  /**
   * What was said, as JSON, or as a Buffer where `raw` is set. `seconds` is what the server may take by itself; the
   * statuses of `also` are answers and no errors. Throws Unanswered, Refused.
   */
  async ask(method, path, { query = {}, body, seconds = 30, also = [], raw = false } = {}) {
    const url = new URL(this.place.url + path);
    for (const [name, value] of Object.entries(query)) url.searchParams.append(name, String(value));
    const { status, octets } = await this.#send(method, url, body, seconds + GRACE);
    if ((status >= 200 && status < 300) || also.includes(status)) {
      return { status, value: raw ? octets : this.#read(octets) };
    }
    throw this.#refusal(`${method} ${path}`, status, octets);
  }

  async #send(method, url, body, seconds) {
    const headers = { authorization: this.place.authorization, accept: 'application/json' };
    const sent = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    if (sent !== undefined) Object.assign(headers, { 'content-type': 'application/json', 'content-length': sent.length });
    const send = SEND[url.protocol];
    if (send === undefined) throw new Unanswered(`Soundstage's address ${url.origin} is neither http nor https`);
    try {
      return await exchange(send, url, { method, headers, agent: false, signal: after(seconds) }, sent);
    } catch (trouble) {
      const why = trouble.name === 'AbortError' ? `nothing came within ${seconds} s` : trouble.message || trouble.code;
      throw new Unanswered(`Soundstage does not answer at ${this.place.url}: ${why}`);
    }
  }

  #read(octets) {
    try {
      return JSON.parse(octets.toString('utf8'));
    } catch {
      const text = JSON.stringify(octets.toString('utf8').slice(0, 80));
      throw new Unanswered(`what answers at ${this.place.url} is not Soundstage: ${text}`);
    }
  }

  #refusal(question, status, octets) {
    let why = detail(octets) ?? `${status}`;
    if (status === 401 || status === 403) why = `it does not accept the token for this (${why})`;
    const message = `Soundstage at ${this.place.url} refuses ${question}: ${why}`;
    return status >= 400 && status < 500 ? new Refused(message, status) : new Unanswered(message);
  }
}

/** One request and the whole of its answer. */
export function exchange(send, url, options, sent) {
  return new Promise((resolve, reject) => {
    const asked = send(url, options, (answer) => {
      const parts = [];
      answer.on('data', (part) => parts.push(part));
      answer.on('end', () => resolve({ status: answer.statusCode, octets: Buffer.concat(parts) }));
      answer.on('error', reject);
    });
    asked.on('error', reject);
    asked.end(sent);
  });
}

function detail(octets) {
  try {
    return String(JSON.parse(octets.toString('utf8')).detail).replace(/\.$/, '');
  } catch {
    return undefined;
  }
}
