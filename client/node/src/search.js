// Search: looks for one kind of capture in a scope. Waits are the server's long polls, never sleeps.
// Whatever says that something did *not* happen first waits for the settle barrier: a test must not pass because it was
// faster than the application.
import { now } from './clock.js';
import { captures, detail, details, MOST, settle } from './scope.js';
import { instead, listed } from './telling.js';
import { Match } from './match.js';
import { NotAsExpected } from './trouble.js';

/** Seconds of one long poll; the API takes at most 60. */
const LONGEST_WAIT = 50;

/** `channel` undefined looks at every kind. */
export class Search {
  constructor(wire, scope, channel) {
    Object.assign(this, { wire, scope, channel });
  }

  /** The next that fits and that no wait has returned yet. Throws NotAsExpected once `timeout` is over. */
  async waitFor(timeout, expected) {
    const match = new Match(expected);
    const seconds = timeout ?? this.scope.timeout;
    const found = await this.#first(match, seconds, (one) => !this.scope.waited.has(one.id));
    if (found !== undefined) {
      this.scope.waited.add(found.id);
      this.scope.claimed.add(found.id);
      return detail(this.wire, this.scope, found.id);
    }
    const before = this.scope.waited.size;
    const again = before ? `; the ${before} that earlier waits returned are not returned again` : '';
    const told = await instead(this.wire, this.scope, this.channel, match);
    throw new NotAsExpected(`no ${this.#kind(match)} came within ${seconds} s${again}\n${told}`);
  }

  /** The only one that fits: waits until there is one, then until it is sure that there is no second. */
  async one(timeout, expected) {
    const match = new Match(expected);
    await this.#first(match, timeout ?? this.scope.timeout, () => true);
    const found = await this.all(expected);
    if (found.length === 1) return detail(this.wire, this.scope, found[0].id);
    if (found.length === 0) {
      const told = await instead(this.wire, this.scope, this.channel, match);
      throw new NotAsExpected(`there is no ${this.#kind(match)}\n${told}`);
    }
    const lines = listed(this.wire.place, found).join('\n');
    throw new NotAsExpected(`there are ${found.length}, not one, ${this.#kind(match)} ${this.scope}:\n${lines}`);
  }

  /** Every one that fits, oldest first. A repeat with the same idempotency key is one with what it repeats. */
  async all(expected) {
    const found = await this.#matching(new Match(expected));
    for (const one of found) this.scope.claimed.add(one.id);
    return this.#withoutRepeats(found);
  }

  async allInDetail(expected) {
    return details(this.wire, this.scope, await this.all(expected));
  }

  /** Throws NotAsExpected if there is one, Inconclusive if that cannot be known yet. Claims nothing. */
  async none(expected) {
    const match = new Match(expected);
    const found = this.#withoutRepeats(await this.#matching(match));
    if (found.length === 0) return;
    const lines = listed(this.wire.place, found).join('\n');
    const what = this.#kind(match);
    throw new NotAsExpected(`there should be no ${what}, and there are ${found.length} ${this.scope}:\n${lines}`);
  }

  async #matching(match) {
    await settle(this.wire, this.scope);
    this.scope.deny('match', this.channel, match);
    const perhaps = (await captures(this.wire, this.scope, this.channel)).filter((one) => match.perhaps(one));
    if (!match.needsDetail) return perhaps;
    return (await details(this.wire, this.scope, perhaps)).filter((one) => match.fits(one));
  }

  #withoutRepeats(found) {
    const ids = new Set(found.map((one) => one.id));
    return found.filter((one) => !ids.has(one.attempt_of));
  }

  /** The oldest that fits and counts, undefined once the seconds are over. */
  async #first(match, seconds, counts) {
    const until = now() + seconds;
    for (let seen = 0, left = seconds; ; left = until - now()) {
      const items = await this.#moreThan(seen, Math.max(left, 0));
      for (const one of [...items].reverse()) {
        if (counts(one) && (await this.#fits(match, one))) return one;
      }
      if (left <= 0) return undefined;
      seen = Math.max(seen, items.length);
    }
  }

  /** What there is once there is more than was seen, or once the seconds are over. The server waits, not we. */
  async #moreThan(seen, seconds) {
    if (seen >= MOST) {
      throw new NotAsExpected(`more than ${MOST} captures ${this.scope} did not match; use windows to look at fewer`);
    }
    const timeout = Math.min(seconds, LONGEST_WAIT);
    const query = { ...this.scope.query(this.channel), count: seen + 1, limit: MOST, timeout: timeout.toFixed(3) };
    const answer = await this.wire.ask('GET', '/api/captures/wait', { query, seconds: timeout, also: [408] });
    return answer.value.items;
  }

  async #fits(match, one) {
    if (!match.perhaps(one)) return false;
    return !match.needsDetail || match.fits(await detail(this.wire, this.scope, one.id));
  }

  #kind(match) {
    const kind = this.channel ?? 'capture';
    return match.isEmpty ? kind : `${kind} with ${match}`;
  }
}

/** A write or a raw connection: never a read, a token call, a question of DNS, or telemetry. */
export function isSideEffect(capture) {
  if (capture.left) return true;
  const plain = capture.channel !== 'dns' && !(capture.flags ?? []).includes('telemetry');
  return plain && (capture.intent === 'write' || capture.intent === 'connect');
}

/** Throws NotAsExpected for side effects that no earlier call matched. */
export async function nothingElse(wire, scope) {
  await settle(wire, scope);
  scope.deny('else');
  const known = (one) => scope.claimed.has(one.id) || scope.claimed.has(one.attempt_of);
  const rest = (await captures(wire, scope)).filter((one) => !known(one) && isSideEffect(one));
  if (rest.length === 0) return;
  const lines = listed(wire.place, rest).join('\n');
  throw new NotAsExpected(`${rest.length} more ${scope} than the test has looked at:\n${lines}`);
}

/** Throws NotAsExpected for anything of which bytes may have gone to a real destination. */
export async function nothingLeft(wire, scope) {
  await settle(wire, scope);
  scope.deny('left');
  const left = await captures(wire, scope, undefined, { left: true });
  if (left.length === 0) return;
  throw new NotAsExpected(`${left.length} may have left for real ${scope}:\n${listed(wire.place, left).join('\n')}`);
}
