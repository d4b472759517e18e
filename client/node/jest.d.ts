import type { InProcessOptions, Live } from './index.js';

export function withSoundstage<Environment extends abstract new (...words: any[]) => any>(
  environment: Environment,
  options?: InProcessOptions,
): Environment;

declare global {
  /** The window of the test that runs now. */
  var soundstage: Live;
}
