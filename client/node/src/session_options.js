// Session options: what the adapters of test runners take, checked. One that is misspelt would otherwise be left out, and
// what it was to forbid be allowed.

/** Each option, whether a value is one of it, and what one is. */
const OPTIONS = {
  url: [isText, 'a text'],
  token: [isText, 'a text'],
  listener: [isTruth, 'true or false'],
  strays: [(value) => ['fail', 'warn'].includes(value), 'fail or warn'],
  allowUncontained: [isTruth, 'true or false'],
  forbid: [isTruth, 'true or false'],
  timeout: [isSeconds, 'a number of seconds'],
  quiet: [isSeconds, 'a number of seconds'],
  atMost: [isSeconds, 'a number of seconds'],
};
const SECONDS = ['timeout', 'quiet', 'atMost'];

/**
 * The options with their defaults; `seconds` are those of a scope that were given. An option that is undefined is not
 * given. Throws TypeError with what is not understood.
 */
export function checked(options) {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  for (const [name, value] of given) {
    if (!Object.hasOwn(OPTIONS, name)) {
      throw new TypeError(`there is no option ${name}; there are ${Object.keys(OPTIONS).join(', ')}`);
    }
    const [is, what] = OPTIONS[name];
    if (!is(value)) throw new TypeError(`the option ${name}: ${JSON.stringify(value)} is not ${what}`);
  }
  const isSeconds = ([name]) => SECONDS.includes(name);
  const rest = Object.fromEntries(given.filter((one) => !isSeconds(one)));
  const seconds = Object.fromEntries(given.filter(isSeconds));
  return { listener: false, strays: 'fail', allowUncontained: false, forbid: false, ...rest, seconds };
}

function isText(value) {
  return typeof value === 'string';
}

function isTruth(value) {
  return typeof value === 'boolean';
}

function isSeconds(value) {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}
