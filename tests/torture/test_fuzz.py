"""A few of the campaign's files in every run of the tests; `python -m torture.fuzz` reads as many as are asked for."""

import sys

import pytest
from torture.fuzz import campaign, is_bad, table
from torture.specimens import SPECIMENS

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.skipif(sys.platform != "linux", reason="memory is measured in /proc"),
]


def test_damaged_files_are_read_or_refused_in_a_sentence(tmp_path):
    outcomes = campaign(list(SPECIMENS), range(8), seed=0, processes=1, place=tmp_path)
    assert len(outcomes) == 8 * len(SPECIMENS)
    assert not list(filter(is_bad, outcomes)), table(outcomes)
    assert {outcome.result for outcome in outcomes} == {"refused", "read"}
