// Place: where Soundstage is and what opens it, as its own command line finds it.
// SOUNDSTAGE_URL and SOUNDSTAGE_TOKEN say it; else addresses.json and admin.token of the data directory do.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Unanswered } from './trouble.js';

const DATA_DIR = 'soundstage-data';

/** The dashboard's URL, and a bearer token, which is never shown. */
export class Place {
  #token;

  constructor(url, token) {
    this.url = url.replace(/\/+$/, '');
    this.#token = token;
  }

  get authorization() {
    return `Bearer ${this.#token}`;
  }

  /** The page of one capture. */
  page(capture) {
    return `${this.url}/attempts/${capture}`;
  }
}

/** The one that a program names; what it leaves out is found. Throws Unanswered where nothing says where it is. */
export function named({ url, token } = {}, environ = process.env) {
  if (url === undefined) {
    const place = found(environ);
    return token === undefined ? place : new Place(place.url, token);
  }
  const known = token || environ.SOUNDSTAGE_TOKEN;
  if (!known) throw new Unanswered(`a token is needed for the Soundstage at ${url}: pass it, or set SOUNDSTAGE_TOKEN`);
  return new Place(url, known);
}

/** Throws Unanswered where nothing says where Soundstage is. */
export function found(environ = process.env) {
  const { SOUNDSTAGE_URL: url, SOUNDSTAGE_TOKEN: token } = environ;
  if (url && token) return new Place(url, token);
  if (url) {
    throw new Unanswered(`SOUNDSTAGE_URL=${url} is set, and SOUNDSTAGE_TOKEN is not; the API needs both`);
  }
  return ofDataDir(environ.SOUNDSTAGE_DATA_DIR || join(process.cwd(), DATA_DIR), environ);
}

/** Where the Soundstage of a data directory is. Throws Unanswered where none runs on it. */
export function ofDataDir(data, environ = process.env) {
  const file = join(data, 'addresses.json');
  let url;
  try {
    url = JSON.parse(readFileSync(file, 'utf8')).dashboard;
  } catch (trouble) {
    if (trouble.code !== 'ENOENT') throw new Unanswered(`${file} cannot be read: ${trouble.message}`);
    const hint = 'set SOUNDSTAGE_URL and SOUNDSTAGE_TOKEN, or SOUNDSTAGE_DATA_DIR, or start one: startSoundstage()';
    throw new Unanswered(`no Soundstage runs on ${data}: it has no addresses.json; ${hint}`);
  }
  if (typeof url !== 'string') throw new Unanswered(`${file} cannot be read: it names no dashboard`);
  return new Place(url, environ.SOUNDSTAGE_TOKEN || adminToken(data, environ));
}

function adminToken(data, environ) {
  const file = environ.SOUNDSTAGE_ADMIN_TOKEN_FILE || join(data, 'admin.token');
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (trouble) {
    throw new Unanswered(`the token in ${file} cannot be read (${trouble.code}); set SOUNDSTAGE_TOKEN`);
  }
}
