"""What can go wrong, named for who must act: the test (NotAsExpected), its author (TypeError), or the operator."""

from __future__ import annotations


class SoundstageError(Exception):
    """Soundstage could not answer, or would not. Never an assertion: nothing is known about the application."""


class Unanswered(SoundstageError):
    """Nothing answers where Soundstage should be, or it answers that it is not ready. The operator must act."""


class Refused(SoundstageError):
    """Soundstage answered, and refused: a wrong token, an unknown run, a window that is open already.

    `status` is the HTTP status of its answer.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Inconclusive(SoundstageError):
    """What was asked cannot be known: the application was not quiet, or evidence is missing."""


class NotAsExpected(AssertionError):
    """What the test expects is not what was captured. The message names what was captured instead."""
