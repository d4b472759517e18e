"""ConfigError and Unanswered: the two errors the command line maps to exit code 2, with what to do about them."""


class SoundstageError(Exception):
    """Something the person at the command line must act on: printed as one line, never as a traceback."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class ConfigError(SoundstageError):
    """The operator's settings, files or machine are not as they have to be."""


class Unanswered(SoundstageError):
    """Soundstage is not running, cannot be reached, or did not answer what was asked."""


def unread(trouble: OSError | UnicodeDecodeError) -> str:
    """Why a file that somebody named could not be read, without the number and the name that the system adds."""
    if isinstance(trouble, UnicodeDecodeError):
        return f"it is not UTF-8 from octet {trouble.start} on"
    return trouble.strerror or str(trouble)
