// For Playwright Test:
//   import { test as base } from '@playwright/test';
//   import { fixtures } from 'soundstage-client/playwright';
//   export const test = base.extend(fixtures);
// The application has a process of its own: start it in a fixture of the worker, with soundstageRun.nodeVariables() or
// soundstageRun.variables, so that what it does is booked to the test that runs in that worker.
import { RunSession } from './src/run_session.js';

export const fixtures = {
  /** Of RunSession.open: url, token, timeout, quiet, atMost, strays. */
  soundstageOptions: [{}, { option: true, scope: 'worker' }],

  /** What looks after the run. Ends with an error, which fails the whole of it, where something came to light. */
  soundstageSession: [
    async ({ soundstageOptions }, use, worker) => {
      const name = `playwright worker ${worker.workerIndex}`;
      const session = await RunSession.open(name, { listener: true, ...soundstageOptions });
      const environ = { ...process.env, ...session.run.variables };
      await session.begin(environ);
      await use(session);
      await session.end(environ);
    },
    { scope: 'worker' },
  ],

  /** The run of this worker, whose variables the application is started with. */
  soundstageRun: [async ({ soundstageSession }, use) => use(soundstageSession.run), { scope: 'worker' }],

  /** The window of this test. */
  soundstage: async ({ soundstageSession }, use, test) => {
    const window = await soundstageSession.openWindow(test.titlePath.filter(Boolean).join(' > '));
    await use(window);
    await soundstageSession.closeWindow(window);
  },
};
