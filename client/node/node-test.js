// For node:test, at the top of a file of tests, before the application is imported:
//   import { useSoundstage, soundstage } from 'soundstage-client/node-test';
//   await useSoundstage();
//   const { shop } = await import('../shop.js');
import { after, afterEach, beforeEach } from 'node:test';

import { runName, useHooks } from './src/hooks.js';

export { soundstage } from './src/hooks.js';

/** A run for this process, a window for each test. Resolves to the run. */
export function useSoundstage(options) {
  return useHooks({ after, afterEach, beforeEach, name: runName('node:test', process.argv[1]) }, options);
}
