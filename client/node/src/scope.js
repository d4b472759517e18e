// Scope: what a test looks at (a run, one window of it), what it has claimed there, and how it is asked for.
import { Inconclusive } from './trouble.js';

/** Captures of one page of the API. */
export const MOST = 1000;

/** A part of what was captured. `window` is a window's id, "none" for outside windows, undefined for all of the run. */
export class Scope {
  constructor({ run, window, name = '', openedAt, timeout = 10, quiet = 0.25, atMost = 10, deniers = [] } = {}) {
    /** Seconds: how long a wait lasts, what counts as quiet, and how long to wait for that. */
    Object.assign(this, { run, window, name, openedAt, timeout, quiet, atMost });
    /** Ids of captures that a call of the test has matched, and of those that a wait has returned. */
    this.claimed = new Set();
    this.waited = new Set();
    this.details = new Map();
    /** What was said not to be there, or no more of; and where that was said, shared by a run and its windows. */
    this.denied = [];
    this.deniers = deniers;
  }

  /** `what` is match, of what a Match fits; else, of any other side effect; left, of what was real. */
  deny(what, channel, match) {
    this.denied.push({ what, channel, match });
    this.deniers.push(this.name || String(this));
  }

  /** The scope of a window that was opened in this one's run. */
  within(window) {
    return new Scope({ ...this, window: window.id, name: window.name, openedAt: window.opened_at });
  }

  /** The API's filters for it. */
  query(channel) {
    const all = { run: this.run, window: this.window, channel };
    return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  }

  toString() {
    if (this.window === 'none') return `outside the windows of run ${this.run}`;
    if (this.window !== undefined) return `in ${this.name || this.window}`;
    return this.run ? `in run ${this.run}` : 'anywhere';
  }
}

/** All captures of a scope, oldest first. */
export async function captures(wire, scope, channel, more = {}) {
  const found = [];
  const query = { ...scope.query(channel), ...more, limit: MOST };
  for (;;) {
    const page = (await wire.ask('GET', '/api/captures', { query })).value;
    found.push(...page.items);
    if (page.next === null) return found.reverse();
    query.after = page.next;
  }
}

/** One capture with its detail, asked for once. */
export async function detail(wire, scope, id) {
  if (!scope.details.has(id)) scope.details.set(id, (await wire.ask('GET', `/api/captures/${id}`)).value);
  return scope.details.get(id);
}

/** Each with its detail. */
export async function details(wire, scope, found) {
  const every = [];
  for (const one of found) every.push(await detail(wire, scope, one.id));
  return every;
}

/** Wait until nothing is unfinished: what did not happen by then did not happen. Throws Inconclusive. */
export async function settle(wire, scope) {
  if (!scope.run) {
    throw new Inconclusive('that something did not happen can be said of a run alone: open one, or set SOUNDSTAGE_RUN');
  }
  const body = { quiet: scope.quiet, at_most: scope.atMost };
  const told = (await wire.ask('POST', `/api/runs/${scope.run}/settle`, { body, seconds: scope.atMost })).value;
  if (!told.reached) throw new Inconclusive(`the application was not quiet within ${scope.atMost} s: ${told.why}`);
}
