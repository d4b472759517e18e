// Soundstage, Run and Window: finds a running Soundstage, opens runs in it, and windows in those.
import { closed } from './closing.js';
import { named } from './place.js';
import { Scope } from './scope.js';
import { Stage } from './stage.js';
import { Wire } from './wire.js';

/**
 * A running Soundstage. Its collections hold what was captured in the run of SOUNDSTAGE_RUN, or, where that is not set,
 * in all of it.
 */
export class Soundstage extends Stage {
  /**
   * Without arguments the one that SOUNDSTAGE_URL and SOUNDSTAGE_TOKEN name, else that of the data directory.
   * Throws Unanswered where none answers, Refused where it does not take the token.
   */
  static async connect({ url, token, run } = {}) {
    const wire = new Wire(named({ url, token }));
    await wire.ask('GET', '/api/captures', { query: { limit: 1 } });
        // A run of the environment is of the Soundstage that the environment names.
    const inherited = url === undefined ? process.env.SOUNDSTAGE_RUN : undefined;
    return new Soundstage(wire, new Scope({ run: run || inherited || undefined }));
  }

  /** A new run. Options are those of `POST /api/runs`: id, sources, listener, canaries. Takes the admin's token. */
  async openRun(name = '', options = {}) {
    const body = { ...options, ...(name ? { name } : {}) };
    return new Run(this.wire, (await this.wire.ask('POST', '/api/runs', { body })).value);
  }

  /** A run that is open already, as SOUNDSTAGE_RUN names it. */
  async existingRun(id) {
    return new Run(this.wire, (await this.wire.ask('GET', `/api/runs/${encodeURIComponent(id)}`)).value);
  }

  /** A new run for as long as `work` lasts, finished at its end. */
  async run(name, work, options = {}) {
    const run = await this.openRun(name, options);
    try {
      return await work(run);
    } finally {
      await run.finish();
    }
  }
}

/** An open run. `variables` lead a program into it. */
export class Run extends Stage {
  constructor(wire, told) {
    super(wire, new Scope({ run: told.id, openedAt: told.opened_at }));
    this.id = told.id;
    this.name = told.name;
    this.variables = { ...told.variables };
    this.proxy = told.proxy ?? undefined;
    this.smtp = told.smtp ?? undefined;
    this.listener = told.listener ?? undefined;
    /** Whether this process is inside the run's own network, by `soundstage run`: nothing needs to be led there. */
    this.isHeld = told.contained === 'namespace' && process.env.SOUNDSTAGE_RUN === told.id;
  }

  /**
   * `variables`, and those that lead every connection of a Node program into the run (Node >= 20.6), also of clients
   * that read no proxy variable. The run has to have a `listener`. Connections to `services`, each `host:port`, are made
   * as ever.
   */
  nodeVariables({ services = [] } = {}) {
    if (this.isHeld) return { ...this.variables };
    if (!this.listener) throw new TypeError(`run ${this.id} has no listener; open it with {listener: true}`);
    const steered = { listener: this.listener, services: this.reachable(services) };
    const register = `--import=${new URL('../register.js', import.meta.url)}`;
    const before = (process.env.NODE_OPTIONS ?? '').replace(register, '').trim();
    const options = { NODE_SOUNDSTAGE: JSON.stringify(steered), NODE_OPTIONS: `${before} ${register}`.trim() };
    return { ...this.variables, ...options };
  }

  /** `host:port` of what a led program connects to as ever: the services given, and Soundstage's own. */
  reachable(services) {
    const ways = [this.proxy, this.smtp].filter(Boolean).map(({ host, port }) => `${host}:${port}`);
    return [...services, ...ways, new URL(this.wire.place.url).host];
  }

  /** The run as the API shows it now. */
  async told() {
    return (await this.wire.ask('GET', this.#path())).value;
  }

  /** Book what arrives from now on to a window. Throws Refused where one is open. */
  async openWindow(name) {
    const told = (await this.wire.ask('POST', this.#path('windows'), { body: { open: name } })).value;
    return new Window(this.wire, this.scope.within(told));
  }

  /** A window for as long as `work` lasts, closed when the application is quiet. Throws Inconclusive if it is not. */
  async window(name, work) {
    const window = await this.openWindow(name);
    let result;
    try {
      result = await work(window);
    } catch (trouble) {
      // What went wrong first is what is told.
      await window.close().catch(() => undefined);
      throw trouble;
    }
    await window.close();
    return result;
  }

  /** The run judged by expectations: `verdict` is clean, violated or inconclusive. Throws Refused for a wrong file. */
  async verify(text, { file = 'expect.yaml', allowUncontained = false } = {}) {
    const body = { text, file, allow_uncontained: allowUncontained };
    return (await this.wire.ask('POST', this.#path('verify'), { body, seconds: this.scope.atMost + 30 })).value;
  }

  /** End the run; its credentials are nobody's from now on. */
  async finish(verdict) {
    return (await this.wire.ask('POST', this.#path('finish'), { body: verdict ? { verdict } : {} })).value;
  }

  #path(what) {
    return `/api/runs/${this.id}${what ? `/${what}` : ''}`;
  }
}

/** An open window of a run: a test's own. */
export class Window extends Stage {
  get name() {
    return this.scope.name;
  }

  /**
   * Close it once the application is quiet. Throws, with the window closed, Inconclusive where it is not quiet, and
   * NotAsExpected for what came after it was said that there is none.
   */
  close() {
    return closed(this.wire, this.scope);
  }
}
