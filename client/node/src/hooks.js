// A run for each file of tests, and a window for each test, by the hooks of a test runner. Vitest and Jest load the
// application anew for each file, and node:test has a process for each: so a run lasts as long as the loaded clients do.
import { basename } from 'node:path';

import { held, hold, live } from './current.js';
import { InProcess } from './in_process.js';

/** The window of the test that runs now. */
export const soundstage = live(held);

/** Awaited before the application is imported. Registers what opens and closes windows, and what ends the run. */
export async function useHooks({ after, afterEach, beforeEach, name }, options = {}) {
  const inProcess = await InProcess.start(name, options);
  hold(inProcess);
  beforeEach((context) => inProcess.before(named(context)));
  afterEach(() => inProcess.after());
  after(async () => {
    hold(undefined);
    await inProcess.stop();
  });
  return inProcess.run;
}

/** What a run is called after: the runner, and the file if that is known. */
export function runName(runner, file) {
  return file ? `${runner} ${basename(file)}` : runner;
}

function named(context) {
  const task = context?.task ?? context;
  const suite = task?.suite?.name;
  return task?.fullName ?? [suite, task?.name].filter(Boolean).join(' > ') ?? 'a test';
}
