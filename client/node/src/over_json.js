// What a browser and Node tell each other of matches and captures, as JSON: patterns, and what a capture's getters say.
import { Captured } from './captured.js';

const PATTERN = '$pattern';

/** The match that a browser's command carried over. */
export function read(value) {
  if (Array.isArray(value)) return value.map(read);
  if (typeof value !== 'object' || value === null) return value;
  if (Object.hasOwn(value, PATTERN)) return new RegExp(...value[PATTERN]);
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, read(one)]));
}

/** Captures as JSON: the API's fields, those of a test, and `attachments` with their `content` in base64. */
export async function written(value) {
  if (Array.isArray(value)) return Promise.all(value.map(written));
  if (!(value instanceof Captured)) return value;
  const { asJson, url, to, sender, subject, text, html, links, codes, host, port, method, path } = value;
  const attachments = await Promise.all(
    value.attachments.map(async (one) => ({ ...one, content: (await one.content()).toString('base64') })),
  );
  return { ...asJson, url, to, sender, subject, text, html, links, codes, host, port, method, path, attachments };
}
