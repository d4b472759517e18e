// Values that a test expects, compared with values that were captured. Pure.
// A text is exact, or a glob where it holds `*`; a RegExp searches; a number compares as a number however it was
// written; a function is asked. A captured list fits if one of its members does; an expected list, if all of its
// members are found. Jest's tests have a RegExp of their own, so nobody is asked what it is an instance of.
import { types } from 'node:util';

/** Whether a captured value is the expected one. `fold` ignores case, for addresses and host names. */
export function fits(expected, actual, fold = false) {
  if (Array.isArray(expected)) return expected.every((one) => fits(one, actual, fold));
  if (Array.isArray(actual)) return actual.some((one) => fits(expected, one, fold));
  const [wanted, got] = [expected ?? null, actual ?? null];
  if (wanted === null || got === null) return wanted === got;
  if (types.isRegExp(wanted)) return searches(wanted, String(got));
  if (typeof wanted === 'string') return textFits(wanted, String(got), fold);
  if (typeof wanted === 'function') return Boolean(wanted(got));
  return plainFits(wanted, got);
}

/** A pattern with the flags g or y remembers where it stopped, and would find every second time only. */
function searches(pattern, text) {
  return new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, '')).test(text);
}

function textFits(expected, actual, fold) {
  const [wanted, got] = fold ? [expected.toLowerCase(), actual.toLowerCase()] : [expected, actual];
  if (!wanted.includes('*')) return wanted === got;
  return globFits(wanted.split('*'), got);
}

/** Each piece is looked for behind the one before: no pattern is made of it, which could take for ever. */
function globFits([first, ...rest], text) {
  const last = rest.pop();
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false;
  let from = first.length;
  for (const piece of rest) {
    const at = text.indexOf(piece, from);
    if (at < 0) return false;
    from = at + piece.length;
  }
  return from <= text.length - last.length;
}

function plainFits(expected, actual) {
  if (typeof expected === 'boolean' || typeof actual === 'boolean') return expected === actual;
  if (typeof expected !== 'number' && typeof expected !== 'bigint') {
    throw new TypeError(`${shown(expected)} is nothing that a captured value can be compared with`);
  }
  const text = String(actual).trim();
  if (typeof expected === 'bigint') return /^-?\d+$/.test(text) && BigInt(text) === expected;
  return text !== '' && Number(text) === expected;
}

/** Azure's `##vso[`, GitHub's `##[`, TeamCity's `##teamcity[`. */
const COMMAND = /##(?=[A-Za-z]*\[)/g;
/** What a terminal obeys, or hides, or turns round. */
const OBEYED = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** A text for a log: what a terminal would obey is spelt, and so is what a CI obeys wherever in a line it stands. */
export function harmless(text) {
  const spelt = text.replace(OBEYED, (one) => `\\u{${one.codePointAt(0).toString(16)}}`);
  return spelt.replace(COMMAND, '#\\x23');
}

/** A value for a message: patterns as they are written, functions by name, long texts cut. */
export function shown(value) {
  if (types.isRegExp(value)) return harmless(String(value));
  if (Array.isArray(value)) return `[${value.map(shown).join(', ')}]`;
  if (typeof value === 'function') return `<${value.name || 'a function'}>`;
  if (typeof value === 'bigint') return String(value);
  const text = harmless(typeof value === 'string' ? `'${value}'` : (JSON.stringify(value) ?? String(value)));
  return text.length <= 200 ? text : `${text.slice(0, 200)}...`;
}

/**
 * What a JSON path of names and indexes leads to (`$.items[0].status`, `items[0].status`), undefined for nowhere.
 * Throws TypeError for a path of another form.
 */
export function atPath(path, document) {
  const below = path.startsWith('$') ? path.slice(1) : `.${path}`;
  const steps = [...below.matchAll(/\.([^.[\]]+)|\[(\d+)\]/g)];
  if (steps.length === 0 || steps.map(([step]) => step).join('') !== below) {
    throw new TypeError(`'${path}' is no path of names and indexes, such as $.items[0].status`);
  }
  return steps.reduce((at, [, name, index]) => {
    if (name === undefined) return Array.isArray(at) ? at[Number(index)] : undefined;
    const isMap = typeof at === 'object' && at !== null && !Array.isArray(at);
    return isMap && Object.hasOwn(at, name) ? at[name] : undefined;
  }, document);
}
