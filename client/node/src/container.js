// SoundstageContainer: a Soundstage in a container of its own, from `start` to `stop`.
// It listens inside on the very ports that are published, and keeps its data under the very path of a folder here, so
// that the variables of its runs are as true here as there. What was captured goes with it.
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { after, now } from './clock.js';
import { ask, engineProgram, Running } from './engine.js';
import { Unanswered } from './trouble.js';
import { exchange } from './wire.js';

const HERE = '127.0.0.1';
const ENTRANCES = ['PROXY', 'SMTP', 'SMTPS', 'HTTPS', 'HTTP', 'SOCKS', 'DASHBOARD'];
/** Ports of one run's own listeners. */
const A_RUNS = 7;
const TAKEN = ['port is already allocated', 'address already in use'];
const ATTEMPTS = 3;
/** What variables of a run name of its data directory. The CA's key stays inside. */
const PUBLIC = ['ca.pem', 'ca-bundle.pem', 'java-truststore.p12', 'php/soundstage.ini', 'wgetrc'];
const POLICY = '/etc/soundstage/policy.yaml';
/** Of its log, in an error. */
const LINES = 40;
const ANSWER_SECONDS = 2;
const DEFAULTS = { image: 'soundstage', settings: {}, listeners: 4, ready: 120 };
const OPTIONS = ['image', 'tag', 'engine', 'policy', 'settings', 'listeners', 'ready'];

/** `url` and `token` are what Soundstage.connect takes; `variables` say the same to children. */
export class SoundstageContainer {
  #options;
  #folder;
  #running;

  constructor(options) {
    this.#options = options;
  }

  /**
   * Start one. `image`, which has to be here already: nothing is pulled, as nobody but you knows whose `soundstage` that
   * would be; `tag`; `engine`, else docker, else podman; `policy`, a file; `settings`, further SOUNDSTAGE_* variables;
   * `listeners`, how many runs at a time may have listeners of their own; `ready`, seconds. Throws Unanswered, with its
   * log, where it does not become ready.
   */
  static async start(options = {}) {
    const unknown = Object.keys(options).find((name) => !OPTIONS.includes(name));
    if (unknown) throw new TypeError(`there is no option ${unknown}; there are ${OPTIONS.join(', ')}`);
    const container = new SoundstageContainer({ ...DEFAULTS, ...options });
    for (let left = ATTEMPTS - 1; ; left -= 1) {
      try {
        await container.#attempt();
        return container;
      } catch (trouble) {
        const isTaken = TAKEN.some((why) => container.log.includes(why));
        await container.stop();
        // Another program was faster to take one of the ports.
        if (!isTaken || left === 0) throw trouble;
      }
    }
  }

  get image() {
    const { image, tag } = this.#options;
    return tag === undefined ? image : `${image}:${tag}`;
  }

  get variables() {
    return { SOUNDSTAGE_URL: this.url, SOUNDSTAGE_TOKEN: this.token };
  }

  /** The end of what it printed. */
  get log() {
    if (this.#folder === undefined) return '';
    return readFileSync(join(this.#folder, 'said'), 'utf8').trim().split('\n').slice(-LINES).join('\n');
  }

  /** Remove it, with all that it captured. */
  async stop() {
    await this.#running?.stop();
    if (this.#folder) rmSync(this.#folder, { recursive: true, force: true });
    this.#running = this.#folder = undefined;
  }

  async #attempt() {
    const program = engineProgram(this.#options.engine);
    this.#folder = realpathSync(mkdtempSync(join(tmpdir(), 'soundstage-container-')));
    const ports = await freePorts(ENTRANCES.length + A_RUNS * this.#options.listeners);
    const name = `soundstage-${randomBytes(4).toString('hex')}`;
    this.#running = new Running(program, name, this.#words(ports), this.#folder);
    this.url = `http://${HERE}:${ports[ENTRANCES.indexOf('DASHBOARD')]}`;
    await this.#wait();
    await this.#fetch(program, name);
  }

  #words(ports) {
    const { policy, settings } = this.#options;
    const data = join(this.#folder, 'data');
    const told = {
      ...Object.fromEntries(ENTRANCES.map((name, at) => [`SOUNDSTAGE_${name}_PORT`, ports[at]])),
      SOUNDSTAGE_RUN_PORTS: ports.slice(ENTRANCES.length).join(','),
      SOUNDSTAGE_BIND: '0.0.0.0', // inside; what is published is so on loopback alone
      SOUNDSTAGE_STEER_TO: HERE,
      SOUNDSTAGE_DASHBOARD_BIND: '0.0.0.0',
      SOUNDSTAGE_DASHBOARD_HOSTS: `localhost,${HERE}`,
      SOUNDSTAGE_DATA_DIR: data,
      SOUNDSTAGE_ADMIN_TOKEN_FILE: join(data, 'admin.token'),
      ...settings,
    };
    const words = ['--pull', 'never', '--label', 'soundstage.started-by=soundstage-client', '--no-healthcheck'];
    words.push('--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--read-only');
    words.push('--tmpfs', '/tmp', '--tmpfs', `${this.#folder}:mode=1777`);
    if (policy !== undefined) {
      words.push('--mount', `type=bind,source=${realpathSync(resolve(policy))},target=${POLICY},readonly`);
      told.SOUNDSTAGE_POLICY = POLICY;
    }
    words.push(...ports.flatMap((port) => ['--publish', `${HERE}:${port}:${port}`]));
    words.push(...Object.entries(told).flatMap(([name, value]) => ['--env', `${name}=${value}`]));
    return [...words, this.image];
  }

  async #wait() {
    const { ready } = this.#options;
    const until = now() + ready;
    while (!(await isReady(this.url))) {
      if (this.#running.hasEnded) throw new Unanswered(`the container of ${this.image} ended: ${this.log}${this.#hint()}`);
      if (now() > until) throw new Unanswered(`the container of ${this.image} is not ready after ${ready} s: ${this.log}`);
      await pause(50);
    }
  }

  #hint() {
    const isMissing = ['No such image', 'image not known', 'Unable to find image'].some((one) => this.log.includes(one));
    return isMissing ? '\nbuild it in a checkout (`docker build -t soundstage .`), or name another image' : '';
  }

  /** The token, which is not written down here; and, at the path that it has inside, what variables name. */
  async #fetch(program, name) {
    const data = join(this.#folder, 'data');
    const inside = (file) => ask(program, 'exec', name, 'cat', join(data, file));
    this.token = (await inside('admin.token')).toString('utf8').trim();
    for (const file of PUBLIC) {
      mkdirSync(dirname(join(data, file)), { recursive: true });
      writeFileSync(join(data, file), await inside(file));
    }
  }
}

/** As many that were free a moment ago. */
async function freePorts(number) {
  const servers = Array.from({ length: number }, () => createServer());
  const listening = servers.map((one) => new Promise((done, failed) => one.once('error', failed).listen(0, HERE, done)));
  await Promise.all(listening);
  const ports = servers.map((one) => one.address().port);
  await Promise.all(servers.map((one) => new Promise((done) => one.close(done))));
  return ports;
}

async function isReady(url) {
  try {
    return (await exchange(request, `${url}/readyz`, { agent: false, signal: after(ANSWER_SECONDS) })).status === 200;
  } catch {
    return false;
  }
}
