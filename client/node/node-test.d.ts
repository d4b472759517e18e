import type { InProcessOptions, Live, Run } from './index.js';

export const soundstage: Live;
export function useSoundstage(options?: InProcessOptions): Promise<Run>;
