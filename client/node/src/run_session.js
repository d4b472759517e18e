// RunSession: the run of this process, its windows, one for a test, and what went wrong in it.
// Clients made when a module is loaded, and pooled connections, keep the credentials they first saw: so there is one run
// for as long as modules stay loaded, and what arrives is booked to the test whose window is open.
import { sing } from './canary.js';
import { Scope, captures, settle } from './scope.js';
import { isSideEffect } from './search.js';
import { Soundstage } from './soundstage.js';
import { listed } from './telling.js';
import { Inconclusive, NotAsExpected, SoundstageError } from './trouble.js';

export class RunSession {
  #own;
  #strays;
  #allowUncontained;
  #outside;
  #known = new Set();
  #last = 'the beginning';

  constructor(run, own, { strays, allowUncontained }) {
    this.run = run;
    this.problems = [];
    this.#own = own;
    this.#strays = strays;
    this.#allowUncontained = allowUncontained;
    this.#outside = new Scope({ run: run.id, window: 'none' });
  }

  /**
   * The run of SOUNDSTAGE_RUN, or one of this process's own with the given name. Options: `url`, `token`; `listener`;
   * `timeout`, `quiet`, `atMost` in seconds; `strays`, fail or warn; `allowUncontained`. Throws Unanswered, Refused.
   */
  static async open(name, { url, token, listener = false, strays = 'fail', allowUncontained = false, ...seconds } = {}) {
    const soundstage = await Soundstage.connect({ url, token });
    const inherited = url === undefined ? process.env.SOUNDSTAGE_RUN : undefined;
    const run = inherited
      ? await soundstage.existingRun(inherited)
      : await soundstage.openRun(name.slice(0, 200), { canaries: true, listener });
    for (const [key, value] of Object.entries(seconds)) if (value !== undefined) run.scope[key] = value;
    return new RunSession(run, !inherited, { strays, allowUncontained });
  }

  get isOwn() {
    return this.#own;
  }

  /** Prove that the way into the run works, with the variables that the application has. */
  async begin(environ = process.env) {
    if (this.#own) this.#inconclusive(await sing(this.run.id, 'begin', environ));
    // What came before in a run that somebody else opened is its owner's business.
    else for (const one of await captures(this.run.wire, this.#outside)) this.#known.add(one.id);
  }

  /** From now on what arrives is this test's. What arrived since the last one was nobody's. */
  async openWindow(name) {
    const window = await this.run.openWindow(name);
    await this.#lookOutside(`before ${name}`);
    return window;
  }

  /** Throws Inconclusive where the application does not become quiet. */
  async closeWindow(window) {
    this.#last = window.name;
    await window.close();
  }

  /** The last look; finishes the run if it is ours. Throws NotAsExpected or Inconclusive for what no test failed for. */
  async end(environ = process.env) {
    if (this.#own) this.#inconclusive(await sing(this.run.id, 'end', environ));
    await this.#noting(() => settle(this.run.wire, this.run.scope));
    await this.#noting(() => this.#lookOutside('before the end'));
    await this.#noting(() => this.#lookAtTheRun());
    const worst = ['violated', 'inconclusive'].find((one) => this.problems.some((problem) => problem.verdict === one));
    if (this.#own) await this.#noting(() => this.run.finish(worst));
    const found = this.problems.filter((problem) => problem.verdict !== 'warning').map((problem) => problem.text);
    if (found.length === 0) return;
    throw new (worst === 'violated' ? NotAsExpected : Inconclusive)(`soundstage: ${found.join('\n')}`);
  }

  /** Whatever goes wrong in one step, the others are taken. */
  async #noting(step) {
    try {
      await step();
    } catch (trouble) {
      if (!(trouble instanceof SoundstageError)) throw trouble;
      if (!this.problems.some((problem) => problem.text === trouble.message)) this.#inconclusive([trouble.message]);
    }
  }

  /** What Soundstage itself says of the run: whether evidence is missing. */
  async #lookAtTheRun() {
    const { id } = this.run;
    const told = await this.run.told();
    this.#inconclusive((told.gaps ?? []).map((gap) => gap.why));
    const wrong = told.counts?.wrong_token;
    if (wrong) this.#inconclusive([`${wrong} arrived with the name of run ${id} and a wrong token`]);
    if (!this.#own) return;
    this.#inconclusive(unheard(told.canaries));
    const open = told.contained === 'no' && !this.#allowUncontained;
    if (open && told.counts?.captures === 0) this.#inconclusive(unproved(this.run.scope.deniers));
  }

  async #lookOutside(until) {
    const found = await captures(this.run.wire, this.#outside);
    const strays = found.filter((one) => !this.#known.has(one.id) && isSideEffect(one));
    for (const one of found) this.#known.add(one.id);
    if (strays.length === 0) return;
    const lines = listed(this.run.wire.place, strays).join('\n');
    const text = `${strays.length} arrived outside any test's window, after ${this.#last} and ${until}:\n${lines}`;
    this.problems.push({ verdict: this.#strays === 'warn' ? 'warning' : 'violated', text });
  }

  #inconclusive(texts) {
    for (const text of texts) this.problems.push({ verdict: 'inconclusive', text });
  }
}

/** Tests that said that nothing happened, in a run of which nothing at all was seen and which had other ways out. */
function unproved(deniers) {
  const names = [...new Set(deniers)];
  if (names.length === 0) return [];
  const said = names.slice(0, 3).join(', ') + (names.length > 3 ? ` and ${names.length - 3} more` : '');
  const why = 'nothing was captured in the whole run, and nothing held it to its way out, so that this proves nothing';
  return [`${said}: ${why}; use \`soundstage run\`, or say allowUncontained: true`];
}

/** Canaries that Soundstage says it has not heard. */
function unheard(canaries) {
  if (!canaries) return [];
  const both = ['begin', 'end'].flatMap((moment) => ['http', 'smtp'].map((way) => [moment, way]));
  const silent = both.filter(([moment, way]) => !canaries[moment]?.[way]).map(([moment, way]) => `${way} at the ${moment}`);
  return silent.length ? [`canaries did not arrive: ${silent.join(', ')}`] : [];
}
