// The clock and the timers as they were when this was loaded: libraries that fake time for a test replace the globals.
import { performance } from 'node:perf_hooks';

const read = performance.now.bind(performance);
const limit = AbortSignal.timeout.bind(AbortSignal);

/** Seconds of a clock that never goes back. */
export const now = () => read() / 1000;

/** A signal that ends a request after so many seconds. */
export const after = (seconds) => limit(Math.ceil(seconds * 1000));
