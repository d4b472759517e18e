// Engine: docker or podman by its command line, and containers that end with this process, however it ends.
import { execFile, spawn } from 'node:child_process';
import { accessSync, closeSync, constants, openSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

import { Unanswered } from './trouble.js';

const PROGRAMS = ['docker', 'podman'];
/** Of one answer of the engine. */
const MOST_OCTETS = 16 * 1024 * 1024;
const SECONDS = 60;
/**
 * Removes a container and its folder here when its pipe ends without a word; for some seconds, since it may be just about
 * to be made.
 */
const REAPER = `
const { spawnSync } = require('node:child_process');
const { readFileSync, rmSync } = require('node:fs');
const wait = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
const [folder, program, ...words] = process.argv.slice(1);
const said = readFileSync(0).length;
for (let left = said ? 0 : 10; left > 0; left -= 1) {
  spawnSync(program, words, { stdio: 'ignore' });
  rmSync(folder, { recursive: true, force: true });
  wait(500);
}`;
const execute = promisify(execFile);

/** The program that is named, else the first of PROGRAMS on PATH. Throws Unanswered where there is none. */
export function engineProgram(program) {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  for (const name of program ? [program] : PROGRAMS) {
    const found = (name.includes('/') ? [name] : folders.map((folder) => join(folder, name))).find(isProgram);
    if (found) return found;
  }
  throw new Unanswered(`there is no ${program ?? PROGRAMS.join(' nor ')} on PATH to start a container with`);
}

/** What a command prints, as a Buffer. Throws Unanswered with what it says where it fails, or takes too long. */
export async function ask(program, ...words) {
  try {
    const options = { encoding: 'buffer', timeout: SECONDS * 1000, maxBuffer: MOST_OCTETS };
    return (await execute(program, words, options)).stdout;
  } catch (trouble) {
    const said = trouble.stderr?.toString('utf8').trim() || trouble.message;
    throw new Unanswered(`\`${[program, ...words.slice(0, 2)].join(' ')}\` failed: ${said}`);
  }
}

/** One container, from its start to `stop`. A reaper removes it if this process ends before that. */
export class Running {
  #program;
  #reaper;
  #client;
  #ended;

  /** `words` are those of `run` after its name; what it prints goes to the file `said` in its folder. */
  constructor(program, name, words, folder) {
    const said = openSync(join(folder, 'said'), 'w');
    this.name = name;
    this.#program = program;
    const remove = [program, 'rm', '--force', '--volumes', name];
    // Sessions of their own: Ctrl-C ends the tests, which then still ask what was captured.
    this.#reaper = spawn(process.execPath, ['-e', REAPER, folder, ...remove], {
      env: { ...process.env, NODE_OPTIONS: '' },
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
    this.#client = spawn(program, ['run', '--rm', '--name', name, ...words], {
      stdio: ['ignore', said, said],
      detached: true,
    });
    closeSync(said);
    this.#ended = new Promise((resolve) => this.#client.once('exit', resolve));
    for (const child of [this.#reaper, this.#reaper.stdin, this.#client]) child.unref();
  }

  get hasEnded() {
    return this.#client.exitCode !== null || this.#client.signalCode !== null;
  }

  /** Remove it. Where the engine does not do that at once, the reaper goes on trying. */
  async stop() {
    if (this.#reaper.stdin.writableEnded) return;
    try {
      if (!this.hasEnded) await ask(this.#program, 'rm', '--force', '--volumes', this.name);
      this.#client.ref();
      await this.#ended;
      this.#reaper.stdin.end('.');
    } catch (trouble) {
      this.#client.kill('SIGKILL');
      this.#reaper.stdin.end();
      if (!(trouble instanceof Unanswered)) throw trouble;
    }
  }
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
