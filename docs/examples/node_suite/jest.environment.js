// A run for each file of tests, and a window for each test.
import { TestEnvironment } from 'jest-environment-node';
import { withSoundstage } from 'soundstage-client/jest';

export default withSoundstage(TestEnvironment, { quiet: 0.1 });
