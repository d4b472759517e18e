// Stage: collections over a scope, and what can be said of all of it. Soundstage, runs and windows are stages.
import { Captured } from './captured.js';
import { nothingElse, nothingLeft, Search } from './search.js';
import { settle } from './scope.js';

/** The collections of a stage by name, and the channel of each. */
export const CHANNELS = {
  email: 'email',
  sms: 'sms',
  push: 'push',
  payments: 'payment',
  webhooks: 'webhook',
  chat: 'chat',
  storage: 'storage',
  queue: 'queue',
  schedule: 'schedule',
  web: 'web',
  dns: 'dns',
  sockets: 'socket',
  everything: undefined,
};

/** The captures of one channel. The keywords are those of match.js; `timeout` is in seconds. */
export class Collection {
  #wire;
  #search;

  constructor(wire, scope, channel) {
    this.#wire = wire;
    this.#search = new Search(wire, scope, channel);
  }

  /** The next that fits, as soon as it is there; never the same twice. */
  async waitFor({ timeout, ...match } = {}) {
    return this.#made(await this.#search.waitFor(timeout, match));
  }

  /** The only one that fits. */
  async one({ timeout, ...match } = {}) {
    return this.#made(await this.#search.one(timeout, match));
  }

  /** Every one that fits, oldest first, once the application is quiet. */
  async all(match = {}) {
    return (await this.#search.allInDetail(match)).map((one) => this.#made(one));
  }

  /** How many fit, once the application is quiet. */
  async count(match = {}) {
    return (await this.#search.all(match)).length;
  }

  /** Throws NotAsExpected where one fits. */
  async none(match = {}) {
    await this.#search.none(match);
  }

  #made(detail) {
    return new Captured(this.#wire, detail);
  }
}

/** What was captured in a scope, by channel. */
export class Stage {
  constructor(wire, scope) {
    this.wire = wire;
    this.scope = scope;
    for (const [name, channel] of Object.entries(CHANNELS)) this[name] = new Collection(wire, scope, channel);
  }

  /** Wait until the application is quiet. Throws Inconclusive where it does not become so. */
  async settle() {
    await settle(this.wire, this.scope);
  }

  /** Throws NotAsExpected for side effects no earlier call has looked at: writes and raw connections, nothing else. */
  async assertNothingElse() {
    await nothingElse(this.wire, this.scope);
  }

  /** Throws NotAsExpected for anything of which bytes may have gone to a real destination. */
  async assertNothingLeft() {
    await nothingLeft(this.wire, this.scope);
  }
}
