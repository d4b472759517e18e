"""SecretPlace: where in a provider's requests and answers a credential sits."""

from typing import Literal

from policies.frozen import Frozen


class SecretPlace(Frozen):
    """One place. `name` is a header, a query or form field, a dotted JSON path, or a RE2 pattern.

    Of `path`, it is the pattern, and its group 1 the secret.
    """

    where: Literal["header", "query", "body", "path"]
    name: str
    label: str = "credential"
    """What replaces it is called `[removed:<label>:<digest>]`."""
