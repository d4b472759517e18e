"""Errors of the ledger, named for who must act."""


class LedgerUnavailable(Exception):
    """Nothing can be recorded now (disk full, locked, gone): the operator must act; until then nothing succeeds."""


CANNOT_RECORD = "Soundstage cannot record this now, so it was refused; its log and its readiness say why"
"""What a client is told of it: the trouble's own words may name places on this machine."""


class LedgerCorrupt(Exception):
    """What is on disk is not a ledger of ours or is damaged: the operator must act before a start."""
