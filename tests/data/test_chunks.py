"""Facts about drawings on their way to a data set: which numbers they have there."""

import numpy as np
import pytest

from sketch_rnn_keras.data.chunks import narrowed


@pytest.mark.parametrize("dtype", ["u1", "i2", "i4", "i8", "u8", "f4", "f8"])
def test_whole_numbers_become_int16(dtype):
    drawing = np.array([[3, 200, 0], [0, 7, 1]], dtype)
    assert narrowed(drawing).dtype == np.int16
    np.testing.assert_array_equal(narrowed(drawing), drawing)


@pytest.mark.parametrize("value", [-(2**15), 2**15 - 1])
def test_the_largest_numbers_of_int16_become_int16(value):
    for dtype in ("i4", "f4"):
        narrow = narrowed(np.array([[0, value, 1]], dtype))
        assert (narrow.dtype, narrow[0, 1]) == (np.int16, value)


@pytest.mark.parametrize("value", [-(2**15) - 1, 2**15, 2**31, -(2**63), 2**63 - 1, 0.5, -1e30])
def test_other_numbers_become_float32(value):
    wide = narrowed(np.array([[0, value, 1]]))
    assert (wide.dtype, wide[0, 1]) == (np.float32, np.float32(value))
