"""Facts about the report of a conversion: what it warns of, with a cure."""

import pytest
from support.conversion_files import ALL, random_drawings, write_lines

from sketch_rnn_keras.conversion import convert


@pytest.fixture
def zigzag(tmp_path):
    """A file of one drawing of 256 points and three short ones."""
    return write_lines(tmp_path / "a.ndjson", [[[list(range(256)), [0, 200] * 128]], *random_drawings(3)])


def test_drawings_left_out_for_their_length_are_warned_of(zigzag, tmp_path):
    report = convert(zigzag, tmp_path / "a.npz")
    assert report.dropped == {"of more than 250 points": 1}
    too_long, many = report.warnings()
    assert "to keep those of up to 256: max_points=256 here, and max_seq_len=256 when training" in too_long
    assert "25% of the drawings were left out" in many


def test_long_drawings_that_were_kept_are_warned_of(zigzag, tmp_path):
    report = convert(zigzag, tmp_path / "a.npz", max_points=256, **ALL)
    assert report.lengths.tolist() == [7, 7, 7, 256]
    assert ["train with max_seq_len=256" in warning for warning in report.warnings()] == [True]


def test_warnings_are_the_last_lines_of_the_text(zigzag, tmp_path):
    report = convert(zigzag, tmp_path / "a.npz")
    lines = str(report).splitlines()
    assert lines[0].startswith(f"{tmp_path}/a.npz: 3 of 4 drawings: ")
    assert lines[-2:] == [f"warning: {warning}" for warning in report.warnings()]


def test_short_drawings_are_no_reason_to_warn(tmp_path):
    assert convert(write_lines(tmp_path / "a.ndjson", random_drawings(3)), tmp_path / "a.npz").warnings() == []
