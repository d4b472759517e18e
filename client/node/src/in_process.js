// InProcess: a run for an application that is loaded into the process of its tests, as with Vitest, Jest and node:test.
// While it lasts, the run's variables are set, its certificates are trusted and connections to elsewhere are led to it.
import { RunSession } from './run_session.js';
import { steer } from './steered.js';
import { Unanswered } from './trouble.js';
import { tell } from './telling.js';
import { trust } from './trusted.js';
import { usable, Variables } from './variables.js';

export class InProcess {
  #undo = [];
  #window;

  /** What was put into the environment. */
  variables = {};

  constructor(session) {
    this.session = session;
  }

  /** Opens the run. Options are RunSession.open's, and `services`: what connections are made to as ever, host:port. */
  static async start(name, { services = [], ...options } = {}) {
    const made = new InProcess(await RunSession.open(name, { ...options, listener: true }));
    try {
      made.#lead(services);
      await made.session.begin();
    } catch (trouble) {
      made.#restore();
      throw trouble;
    }
    return made;
  }

  get run() {
    return this.session.run;
  }

  /** The window of the test that runs now. Throws Unanswered where none does. */
  get window() {
    if (this.#window === undefined) throw new Unanswered('no test of this process is running, so there is no window');
    return this.#window;
  }

  async before(name) {
    this.#window = await this.session.openWindow(name);
  }

  /** Throws Inconclusive where the application does not become quiet. */
  async after() {
    const window = this.#window;
    this.#window = undefined;
    if (window === undefined) return;
    await this.session.closeWindow(window);
  }

  /** The last look at the run; then as if nothing had been. Throws what RunSession.end does. */
  async stop() {
    try {
      await this.session.end();
    } finally {
      this.#restore();
    }
  }

  #lead(services) {
    const variables = new Variables();
    this.#undo.push(() => variables.restore());
    // Node's, so that what the application starts is led there as well.
    const [known, absent] = usable(this.run.nodeVariables({ services }));
    this.variables = variables.put(known);
    if (absent.length) tell(`no client here trusts its certificates by itself: ${this.run.variables[absent[0]]} is not on this machine`);
    if (known.NODE_EXTRA_CA_CERTS) this.#undo.push(trust(known.NODE_EXTRA_CA_CERTS));
    if (!this.run.isHeld) this.#undo.push(steer(this.run.listener, this.run.reachable(services)));
  }

  #restore() {
    for (const undo of this.#undo.reverse()) undo();
    this.#undo = [];
  }
}
