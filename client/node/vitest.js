// For Vitest, in a file of `setupFiles`:
//   import { afterAll, afterEach, beforeEach, expect } from 'vitest';
//   import { useSoundstage } from 'soundstage-client/vitest';
//   await useSoundstage({ afterAll, afterEach, beforeEach, expect });
import { runName, useHooks } from './src/hooks.js';

export { soundstage } from './src/hooks.js';

/** A run for this file of tests, a window for each test. Resolves to the run. */
export function useSoundstage({ afterAll, afterEach, beforeEach, expect }, options) {
  const name = runName('vitest', expect?.getState().testPath);
  return useHooks({ after: afterAll, afterEach, beforeEach, name }, options);
}
