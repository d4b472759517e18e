// Telling: the message of an expectation that does not hold, naming what was captured instead, the closest first.
import { summary } from './captured.js';
import { captures, details, Scope } from './scope.js';
import { Refused } from './trouble.js';
import { shown } from './value.js';

/** Captures that a message shows. */
const SHOWN = 5;
const PLURAL = { push: 'pushes', web: 'web requests', dns: 'questions of DNS', storage: 'storage requests' };

/** Something to know that fails nothing: a warning of the process, on stderr. */
export function tell(text) {
  process.emitWarning(text, 'SoundstageWarning');
}

/** What was captured in place of what was looked for, in lines. */
export async function instead(wire, scope, channel, match) {
  const every = await captures(wire, scope);
  const kind = every.filter((one) => channel === undefined || one.channel === channel);
  const lines = [];
  if (kind.length) {
    const recent = kind.slice(-50);
    const closest = match.needsDetail ? await details(wire, scope, recent) : recent;
    const order = new Map(closest.map((one) => [one, match.distance(one)]));
    lines.push(`captured instead ${scope}, the closest first:`);
    lines.push(...listed(wire.place, [...closest].sort((a, b) => order.get(a) - order.get(b)), match));
  } else {
    lines.push(`no ${channel ?? 'capture'} at all was captured ${scope}${others(every)}`);
  }
  lines.push(...(await elsewhere(wire, scope, channel, match)));
  return lines.join('\n');
}

/** Captures in lines, with how each differs from what was looked for. */
export function listed(place, found, match) {
  const lines = found.slice(0, SHOWN).flatMap((one) => [
    `  ${summary(one)}  ${place.page(one.id)}`,
    ...(match?.differences(one) ?? []).map(
      ({ label, expected, actual }) => `    ${label}: expected ${shown(expected)}, was ${shown(actual)}`,
    ),
  ]);
  return found.length > SHOWN ? [...lines, `  and ${found.length - SHOWN} more`] : lines;
}

function others(every) {
  const counted = new Map();
  for (const one of every) counted.set(one.channel, (counted.get(one.channel) ?? 0) + 1);
  if (counted.size === 0) return ', nor anything else';
  const named = [...counted].map(([name, number]) => `${number} ${number === 1 ? name : (PLURAL[name] ?? `${name}s`)}`);
  return `, but ${named.join(', ')}`;
}

/** Whether nobody's traffic matches: then a client does not use the run's credentials. */
async function elsewhere(wire, scope, channel, match) {
  if (scope.openedAt === undefined || scope.run === undefined) return [];
  let nobody;
  try {
    nobody = await captures(wire, new Scope({ run: 'unattributed' }), channel, { since: scope.openedAt });
  } catch (trouble) {
    if (trouble instanceof Refused) return []; // a run's own token sees its own captures alone
    throw trouble;
  }
  if (!nobody.some((one) => match.perhaps(one))) return [];
  return ['one that matches was captured, but belongs to no run: its client does not use the run\'s credentials'];
}
