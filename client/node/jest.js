// For Jest, a file that `testEnvironment` names:
//   import { TestEnvironment } from 'jest-environment-node';
//   import { withSoundstage } from 'soundstage-client/jest';
//   export default withSoundstage(TestEnvironment);
// Tests have a global `soundstage` then, their window.
import { live } from './src/current.js';
import { runName } from './src/hooks.js';
import { InProcess } from './src/in_process.js';

/** The given environment, with a run for each file of tests and a window for each test. */
export function withSoundstage(Environment, options = {}) {
  return class SoundstageEnvironment extends Environment {
    #path;
    #inProcess;

    constructor(config, context) {
      super(config, context);
      this.#path = context.testPath;
    }

    async setup() {
      await super.setup();
      this.#inProcess = await InProcess.start(runName('jest', this.#path), options);
      // Jest gave the tests a copy of the environment already.
      Object.assign(this.global.process.env, this.#inProcess.variables);
      const started = this.#inProcess;
      this.global.soundstage = live(() => started);
    }

    async teardown() {
      try {
        await this.#stop();
      } finally {
        await super.teardown();
      }
    }

    async handleTestEvent(event, state) {
      await super.handleTestEvent?.(event, state);
      // Not test_start, which tests that are skipped have too.
      if (event.name === 'test_started') await noting(event.test.errors, () => this.#inProcess.before(fullName(event.test)));
      if (event.name === 'test_done') await noting(event.test.errors, () => this.#inProcess.after());
      // Here and not in teardown, where an error would take the place of what the tests themselves say.
      if (event.name === 'run_finish') await noting(state.unhandledErrors, () => this.#stop());
    }

    async #stop() {
      const stopping = this.#inProcess;
      this.#inProcess = undefined;
      await stopping?.stop();
    }
  };
}

/** What goes wrong is noted where Jest looks for it. */
async function noting(errors, step) {
  try {
    await step();
  } catch (trouble) {
    errors.push(trouble);
  }
}

function fullName(test) {
  const above = test.parent && test.parent.name !== 'ROOT_DESCRIBE_BLOCK' ? `${fullName(test.parent)} > ` : '';
  return `${above}${test.name}`;
}
