// Closing a window: what arrives while it comes to rest is held against what its test said did not happen. An application
// that sends a moment later than the test asks would else be booked to the test, and nobody would have looked at it.
import { captures, detail } from './scope.js';
import { isSideEffect } from './search.js';
import { listed } from './telling.js';
import { Inconclusive, NotAsExpected } from './trouble.js';

/** Close it once the application is quiet. Throws Inconclusive where it is not, NotAsExpected for what came late. */
export async function closed(wire, scope) {
  const before = new Set(scope.denied.length ? (await captures(wire, scope)).map((one) => one.id) : []);
  const told = await atRest(wire, scope);
  const late = scope.denied.length ? await deniedAfter(wire, scope, before) : [];
  if (late.length === 0) return told;
  const why = 'after it was said that there is no such thing, or no more; wait for what the application does later';
  throw new NotAsExpected(`${late.length} arrived ${scope} ${why}:\n${listed(wire.place, late).join('\n')}`);
}

async function atRest(wire, { run, window, name, quiet, atMost }) {
  const body = { close: window, settle: { quiet, at_most: atMost } };
  const told = (await wire.ask('POST', `/api/runs/${run}/windows`, { body, seconds: atMost })).value;
  if (told.settled) return told;
  throw new Inconclusive(`the application was not quiet within ${atMost} s at the end of ${name}: ${told.why}`);
}

/** What is new since then and was said not to be. */
async function deniedAfter(wire, scope, before) {
  const found = [];
  for (const one of await captures(wire, scope)) {
    const known = before.has(one.id) || scope.claimed.has(one.id) || scope.claimed.has(one.attempt_of);
    if (!known && (await isDenied(wire, scope, one))) found.push(one);
  }
  return found;
}

async function isDenied(wire, scope, one) {
  for (const { what, channel, match } of scope.denied) {
    if (what === 'else' && isSideEffect(one)) return true;
    if (what === 'left' && one.left) return true;
    if (what !== 'match' || (channel !== undefined && channel !== one.channel) || !match.perhaps(one)) continue;
    if (!match.needsDetail || match.fits(await detail(wire, scope, one.id))) return true;
  }
  return false;
}
