// Current: the window of the test that runs now, under one name for every test of a process.
// Kept on the process's global: a test runner may load this module more than once.
import { CHANNELS } from './stage.js';
import { Unanswered } from './trouble.js';

const KEY = Symbol.for('soundstage-client.in-process');

export function held() {
  if (globalThis[KEY] === undefined) throw new Unanswered('useSoundstage() was not called before the tests');
  return globalThis[KEY];
}

export function hold(inProcess) {
  globalThis[KEY] = inProcess;
}

/** An object that is whatever window `find` finds when it is asked. */
export function live(find) {
  const made = {
    settle: () => find().window.settle(),
    assertNothingElse: () => find().window.assertNothingElse(),
    assertNothingLeft: () => find().window.assertNothingLeft(),
  };
  for (const name of Object.keys(CHANNELS)) {
    Object.defineProperty(made, name, { get: () => find().window[name], enumerable: true });
  }
  return Object.defineProperty(made, 'run', { get: () => find().run, enumerable: true });
}
