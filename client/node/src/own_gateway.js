// OwnGateway: a Soundstage of this test session's own, on free ports and in a temporary folder, stopped at its end.
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { now } from './clock.js';
import { ofDataDir } from './place.js';
import { Unanswered } from './trouble.js';

const READY_SECONDS = 60;
const STOP_SECONDS = 15;
const PORTS = ['PROXY', 'SMTP', 'SMTPS', 'HTTPS', 'HTTP', 'DNS', 'SOCKS', 'DASHBOARD'];
/** Variables of clients, and of another Soundstage. */
const NOT_ITS_OWN = ['URL', 'TOKEN', 'RUN', 'COMMAND', 'ADMIN_TOKEN_FILE'].map((name) => `SOUNDSTAGE_${name}`);

/** Running until `stop`. `url` and `token` are what Soundstage.connect takes; `variables` say the same to children. */
class OwnGateway {
  #child;
  #folder;

  constructor(child, folder) {
    this.#child = child;
    this.#folder = folder;
  }

  get dataDir() {
    return join(this.#folder, 'data');
  }

  get url() {
    return ofDataDir(this.dataDir, {}).url;
  }

  get token() {
    return readFileSync(join(this.dataDir, 'admin.token'), 'utf8').trim();
  }

  get variables() {
    return { SOUNDSTAGE_URL: this.url, SOUNDSTAGE_TOKEN: this.token };
  }

  /** End it, and remove its folder with all that was captured. */
  async stop() {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = new Promise((resolve) => this.#child.once('exit', resolve));
      this.#child.kill('SIGTERM');
      const inTime = await Promise.race([ended.then(() => true), pause(STOP_SECONDS * 1000, false, { ref: false })]);
      if (!inTime) this.#child.kill('SIGKILL');
      await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/**
 * Start one, by `command` (words), else by SOUNDSTAGE_COMMAND (words with blanks between), else `soundstage` on PATH.
 * Throws Unanswered, with what it said, where it does not become ready.
 */
export async function startSoundstage({ command, environ = process.env } = {}) {
  const [program, ...words] = command ?? environ.SOUNDSTAGE_COMMAND?.split(/\s+/).filter(Boolean) ?? ['soundstage'];
  const folder = mkdtempSync(join(tmpdir(), 'soundstage-node-'));
  const said = openSync(join(folder, 'said'), 'w');
  // A session of its own: Ctrl-C ends the tests, which then still ask it what was captured.
  const child = spawn(program, [...words, 'up'], {
    env: settings(environ, join(folder, 'data')),
    stdio: ['ignore', said, said],
    detached: true,
  });
  closeSync(said);
  const gateway = new OwnGateway(child, folder);
  try {
    await ready(child, folder, [program, ...words, 'up'].join(' '));
    return gateway;
  } catch (trouble) {
    await gateway.stop();
    throw trouble;
  }
}

function settings(environ, data) {
  const kept = Object.fromEntries(Object.entries(environ).filter(([name]) => !NOT_ITS_OWN.includes(name)));
  const ports = Object.fromEntries(PORTS.map((name) => [`SOUNDSTAGE_${name}_PORT`, '0']));
  return { ...kept, ...ports, SOUNDSTAGE_BIND: '127.0.0.1', SOUNDSTAGE_DATA_DIR: data };
}

async function ready(child, folder, command) {
  let trouble;
  child.once('error', (error) => {
    trouble = error;
  });
  const until = now() + READY_SECONDS;
  while (!existsSync(join(folder, 'data', 'addresses.json'))) {
    await pause(20);
    if (trouble) throw new Unanswered(`\`${command}\` cannot be started (${trouble.code}); name it in SOUNDSTAGE_COMMAND`);
    const told = readFileSync(join(folder, 'said'), 'utf8').trim();
    if (child.exitCode !== null || child.signalCode !== null) throw new Unanswered(`\`${command}\` ended: ${told}`);
    if (now() > until) throw new Unanswered(`\`${command}\` is not ready after ${READY_SECONDS} s: ${told}`);
  }
}
