"""Where the rooms' errors become the operator's: one line that says what is wrong, one that says what to do."""

import contextlib
from collections.abc import Iterator

from soundstage.trouble import ConfigError


@contextlib.contextmanager
def told_to_operator(*kinds: type[Exception]) -> Iterator[None]:
    """Raise ConfigError in place of these. A room writes `what is wrong; what to do`."""
    try:
        yield
    except kinds as trouble:
        message, _, hint = str(trouble).partition("; ")
        raise ConfigError(message, hint or None) from trouble
