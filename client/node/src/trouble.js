// What can go wrong, named for who must act: the test (NotAsExpected), its author (TypeError), or the operator.

/** Soundstage could not answer, or would not. Nothing is known about the application. */
export class SoundstageError extends Error {
  get name() {
    return this.constructor.name;
  }
}

/** Nothing answers where Soundstage should be, or it answers that it is not ready. The operator must act. */
export class Unanswered extends SoundstageError {}

/** Soundstage answered, and refused: a wrong token, an unknown run, a window that is open already. */
export class Refused extends SoundstageError {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/** What was asked cannot be known: the application was not quiet, or evidence is missing. */
export class Inconclusive extends SoundstageError {}

/** What the test expects is not what was captured. The message names what was captured instead. */
export class NotAsExpected extends Error {
  get name() {
    return 'NotAsExpected';
  }
}
