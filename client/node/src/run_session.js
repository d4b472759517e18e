// RunSession: the run of this process, its windows, one for a test, and what went wrong in it.
// Clients made when a module is loaded, and pooled connections, keep the credentials they first saw: so there is one run
// for as long as modules stay loaded, and what arrives is booked to the test whose window is open.
import { sing } from './canary.js';
import { Scope, captures, settle } from './scope.js';
import { isSideEffect } from './search.js';
import { checked } from './session_options.js';
import { Soundstage } from './soundstage.js';
import { listed, tell } from './telling.js';
import { Inconclusive, NotAsExpected, SoundstageError } from './trouble.js';

export class RunSession {
  #own;
  #strays;
  #allowUncontained;
  #forbid;
  #outside;
  #known = new Set();
  #last = 'the beginning';

  constructor(run, own, { strays, allowUncontained, forbid }) {
    this.run = run;
    this.problems = [];
    this.#own = own;
    this.#strays = strays;
    this.#allowUncontained = allowUncontained;
    this.#forbid = forbid;
    this.#outside = new Scope({ run: run.id, window: 'none' });
  }

  /**
   * The run of SOUNDSTAGE_RUN, or one of this process's own with the given name. `options` are those of
   * session_options.js. Throws Unanswered, Refused, and TypeError for an option that there is none of.
   */
  static async open(name, options = {}) {
    const { url, token, listener, seconds, ...rest } = checked(options);
    const soundstage = await Soundstage.connect({ url, token });
    const inherited = url === undefined ? process.env.SOUNDSTAGE_RUN : undefined;
    const run = inherited
      ? await soundstage.existingRun(inherited)
      : await soundstage.openRun(name.slice(0, 200), { canaries: true, listener });
    Object.assign(run.scope, seconds);
    return new RunSession(run, !inherited, rest);
  }

  get isOwn() {
    return this.#own;
  }

  /** Prove that the way into the run works, with the variables that the application has. */
  async begin(environ = process.env) {
    if (this.#own) this.#inconclusive(await sing(this.run, 'begin', environ));
    // What came before in a run that somebody else opened is its owner's business.
    else for (const one of await captures(this.run.wire, this.#outside)) this.#known.add(one.id);
  }

  /** From now on what arrives is this test's. What arrived since the last one was nobody's. */
  async openWindow(name) {
    const window = await this.run.openWindow(name);
    await this.#lookOutside(`before ${name}`);
    return window;
  }

  /** Throws Inconclusive where the application does not become quiet, NotAsExpected for what is late, or forbidden. */
  async closeWindow(window) {
    this.#last = window.name;
    await window.close();
    if (this.#forbid) await refuseSideEffects(window);
  }

  /** The last look; finishes the run if it is ours. Throws NotAsExpected or Inconclusive for what no test failed for. */
  async end(environ = process.env) {
    if (this.#own) this.#inconclusive(await sing(this.run, 'end', environ));
    await this.#noting(() => settle(this.run.wire, this.run.scope));
    await this.#noting(() => this.#lookOutside('before the end'));
    await this.#noting(() => this.#lookAtTheRun());
    if (this.#own) await this.#noting(() => this.#finish());
    const worst = this.#worst();
    const [found, warnings] = [false, true].map((mild) =>
      this.problems.filter((problem) => (problem.verdict === 'warning') === mild).map((problem) => problem.text),
    );
    for (const text of warnings) tell(text);
    if (found.length === 0) return;
    throw new (worst === 'violated' ? NotAsExpected : Inconclusive)(`soundstage: ${found.join('\n')}`);
  }

  /** What is missing of the run may have come to light since it was looked at: its end is told with it. */
  async #finish() {
    const { gaps } = await this.run.finish(this.#worst());
    const known = this.problems.map((problem) => problem.text);
    this.#inconclusive((gaps ?? []).map((gap) => gap.why).filter((why) => !known.includes(why)));
  }

  #worst() {
    return ['violated', 'inconclusive'].find((one) => this.problems.some((problem) => problem.verdict === one));
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

async function refuseSideEffects({ wire, scope, name }) {
  const found = (await captures(wire, scope)).filter(isSideEffect);
  if (found.length === 0) return;
  const lines = listed(wire.place, found).join('\n');
  throw new NotAsExpected(`${name} must not have side effects, and had ${found.length}:\n${lines}`);
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
