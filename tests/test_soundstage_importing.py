"""What is imported is left alone, and collection goes on once it is there."""

import gc

import pytest

from soundstage.importing import kept_for_good


def test_nothing_is_collected_meanwhile_and_everything_afterwards() -> None:
    with kept_for_good():
        assert not gc.isenabled()
    assert gc.isenabled()
    assert gc.get_freeze_count() > 0


def test_an_import_that_fails_leaves_no_process_that_never_collects() -> None:
    with pytest.raises(ImportError), kept_for_good():
        raise ImportError
    assert gc.isenabled()
