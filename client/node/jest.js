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
      this.global.soundstage = live(() => this.#inProcess);
    }

    async teardown() {
      try {
        await this.#inProcess?.stop();
      } finally {
        await super.teardown();
      }
    }

    async handleTestEvent(event, state) {
      await super.handleTestEvent?.(event, state);
      if (event.name === 'test_start') await this.#noting(event, () => this.#inProcess.before(fullName(event.test)));
      if (event.name === 'test_done') await this.#noting(event, () => this.#inProcess.after());
    }

    /** What goes wrong is this test's, not the whole file's. */
    async #noting(event, step) {
      try {
        await step();
      } catch (trouble) {
        event.test.errors.push(trouble);
      }
    }
  };
}

function fullName(test) {
  const above = test.parent && test.parent.name !== 'ROOT_DESCRIBE_BLOCK' ? `${fullName(test.parent)} > ` : '';
  return `${above}${test.name}`;
}
