// Before each file of tests: a run of its own, and a window for each test.
import { useSoundstage } from 'soundstage-client/vitest';
import { afterAll, afterEach, beforeEach, expect } from 'vitest';

await useSoundstage({ afterAll, afterEach, beforeEach, expect }, { quiet: 0.1 });
