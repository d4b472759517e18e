"""Errors of the ledger, named for who must act."""


class LedgerUnavailable(Exception):
    """Nothing can be recorded now (disk full, locked, gone): the operator must act; until then nothing succeeds."""


class LedgerCorrupt(Exception):
    """What is on disk is not a ledger of ours or is damaged: the operator must act before a start."""
