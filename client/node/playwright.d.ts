import type { Run, SessionOptions, Window } from './index.js';

export interface TestFixtures {
  soundstage: Window;
}
export interface WorkerFixtures {
  soundstageOptions: SessionOptions;
  soundstageSession: object;
  soundstageRun: Run;
}
type Use<T> = (value: T) => Promise<void>;

/** For `test.extend<TestFixtures, WorkerFixtures>(fixtures)`. */
export const fixtures: {
  soundstageOptions: [SessionOptions, { option: true; scope: 'worker' }];
  soundstageSession: [(given: any, use: Use<any>, worker: any) => Promise<void>, { scope: 'worker' }];
  soundstageRun: [(given: any, use: Use<Run>) => Promise<void>, { scope: 'worker' }];
  soundstage: (given: any, use: Use<Window>, test: any) => Promise<void>;
};
