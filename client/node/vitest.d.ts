import type { InProcessOptions, Live, Run } from './index.js';

export const soundstage: Live;
export function useSoundstage(
  hooks: {
    afterAll: (work: () => Promise<void>) => unknown;
    afterEach: (work: () => Promise<void>) => unknown;
    beforeEach: (work: (context: any) => Promise<void>) => unknown;
    expect?: any;
  },
  options?: InProcessOptions,
): Promise<Run>;
