import type { Run, SessionOptions } from './index.js';

export function useSoundstage(
  on: (event: any, given: any) => void,
  options?: SessionOptions,
): Promise<{ run: Run; tasks: Record<string, (given: any) => Promise<any>> }>;
