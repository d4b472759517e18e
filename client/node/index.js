// What a test suite expects of the side effects that Soundstage captured.
export { Attachment, Captured } from './src/captured.js';
export { SoundstageContainer } from './src/container.js';
export { startSoundstage } from './src/own_gateway.js';
export { Run, Soundstage, Window } from './src/soundstage.js';
export { Collection, Stage } from './src/stage.js';
export { Inconclusive, NotAsExpected, Refused, SoundstageError, Unanswered } from './src/trouble.js';
