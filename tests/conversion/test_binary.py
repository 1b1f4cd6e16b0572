"""Facts about Quick, Draw!'s binary format: it gives its drawings, and a broken file is named."""

import struct

import pytest
from support.conversion_files import ALL, SQUARE, columns_of, random_drawings, train_of

from sketch_rnn_keras.conversion import convert
from sketch_rnn_keras.errors import InputError


def record(drawing: list, recognized: int = 1) -> bytes:
    strokes = [struct.pack("<H", len(x)) + bytes(x) + bytes(y) for x, y in drawing]
    return struct.pack("<Q2sBIH", 5, b"GB", recognized, 9, len(strokes)) + b"".join(strokes)


@pytest.fixture
def cats(tmp_path):
    """A file of four drawings, two of which the game did not recognise; and the drawings."""
    drawings = random_drawings(4)
    (tmp_path / "cat.bin").write_bytes(b"".join(record(drawing, k % 2) for k, drawing in enumerate(drawings)))
    return tmp_path / "cat.bin", drawings


def test_it_gives_its_drawings(cats, tmp_path):
    source, drawings = cats
    report = convert(source, tmp_path / "a.npz", **ALL)
    assert report.categories == {"cat": 4}
    assert sorted(map(columns_of, train_of(tmp_path / "a.npz"))) == sorted(drawings)


def test_what_the_game_did_not_recognise_can_be_left_out(cats, tmp_path):
    report = convert(cats[0], tmp_path / "a.npz", recognized_only=True, **ALL)
    assert (report.kept, report.dropped) == (2, {"not recognised by the game": 2})


def test_a_file_cut_anywhere_is_refused(tmp_path):
    whole = record(SQUARE)
    for size in range(1, len(whole)):
        (tmp_path / "a.bin").write_bytes(whole + whole[:size])
        with pytest.raises(InputError, match=f"a.bin, record 1 at byte {len(whole)}: expected .* the file ends"):
            convert(tmp_path / "a.bin", tmp_path / "a.npz")
    assert list(tmp_path.iterdir()) == [tmp_path / "a.bin"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file ends"),
        (bytes(10) + b"\x07" + bytes(6), "expected 0 or 1 for recognised, received 7"),
        (bytes(15) + b"\xff\xff" + (b"\xff\xff" + bytes(131070)) * 2, "at most 100000 points"),
        (bytes(15) + b"\xff\xff\xff\xff", "the file ends"),
    ],
)
def test_absurd_numbers_are_refused(tmp_path, content, message):
    (tmp_path / "a.bin").write_bytes(content)
    with pytest.raises(InputError, match=message):
        convert(tmp_path / "a.bin", tmp_path / "a.npz")
