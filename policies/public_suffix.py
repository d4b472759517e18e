"""Public suffixes: under which names strangers can register their own. Asked when a policy is loaded, never later."""

from functools import cache

from publicsuffixlist import PublicSuffixList


def is_public_suffix(name: str) -> bool:
    """Whether a canonical name is a suffix of the list's ICANN part (`com`, `co.uk`), or a top-level name it lacks."""
    return _suffixes().is_public(name)


@cache
def _suffixes() -> PublicSuffixList:
    # Reading the list takes a tenth of a second: a policy without wildcards never pays it.
    return PublicSuffixList(only_icann=True, accept_unknown=True)
