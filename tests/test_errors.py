"""The checks that everybody writes: what they let through, and the one wording of what they refuse."""

import math
from fractions import Fraction

import numpy as np
import pytest

from sketch_rnn_keras.errors import (
    MAX_FAULTS,
    InputError,
    few,
    first_of,
    known_names,
    nearest,
    one_of,
    real_number,
    shown,
    whole_number,
)


def refusal(check, *arguments, **options) -> str:
    with pytest.raises(InputError) as caught:
        check(*arguments, **options)
    return str(caught.value)


# ------------------------------------------------------------------------------------------------------- numbers


@pytest.mark.parametrize("value", [0, 7, 2**70, np.int32(7), np.uint8(0)])
def test_a_whole_number_comes_back_as_an_int(value):
    found = whole_number("count", value)
    assert (found, type(found)) == (int(value), int)


@pytest.mark.parametrize("value", [1, 5])
def test_both_ends_of_a_span_are_in_it(value):
    assert whole_number("count", value, least=1, most=5) == value


@pytest.mark.parametrize("value", [True, np.True_, 2.0, np.float32(2), "2", None, [2], math.nan, Fraction(2)])
def test_what_is_no_whole_number_is_refused(value):
    assert refusal(whole_number, "count", value) == f"count: expected a whole number >= 0, received {value!r}"


def test_a_whole_number_below_the_least_is_refused():
    assert refusal(whole_number, "count", 0, least=1) == "count: expected a whole number >= 1, received 0"


@pytest.mark.parametrize("value", [0, 6])
def test_a_whole_number_outside_a_span_is_refused(value):
    assert refusal(whole_number, "step", value, 1, 5) == f"step: expected a whole number from 1 to 5, received {value}"


@pytest.mark.parametrize("value", [0.5, 1, np.float32(0.5), np.int64(1), Fraction(1, 2)])
def test_a_real_number_comes_back_as_a_float(value):
    found = real_number("share", value, 0, 2)
    assert (found, type(found)) == (float(value), float)


@pytest.mark.parametrize("value", [0, 2, -1, math.nan, math.inf, -math.inf, 10**400, True, "1", None, 1j, [1]])
def test_a_real_number_is_strictly_between_its_bounds(value):
    assert refusal(real_number, "share", value, 0, 2) == (
        f"share: expected a number above 0 and below 2, received {shown(value)}"
    )


def test_the_bounds_of_a_real_number_may_be_worded():
    message = refusal(real_number, "scale_factor", -1, 1e-30, 1e30, "a positive number")
    assert message == "scale_factor: expected a positive number, received -1"


# --------------------------------------------------------------------------------------------------------- names


def test_a_choice_comes_back():
    assert one_of("method", "lerp", ["slerp", "lerp"]) == "lerp"


def test_the_choices_may_come_one_by_one():
    assert one_of("method", "lerp", iter(["slerp", "lerp"])) == "lerp"


@pytest.mark.parametrize(
    ("choices", "words"),
    [(["a"], "a"), (["a", "b"], "a or b"), (["a", "b", "c"], "one of a, b, c"), ({"a": 1, "b": 2}, "a or b")],
)
def test_what_is_no_choice_is_refused_and_the_choices_are_listed(choices, words):
    assert refusal(one_of, "kind", "d", choices) == f"kind: expected {words}, received 'd'"


@pytest.mark.parametrize("value", [None, 3, ["a"], np.array(["a", "b"])])
def test_a_choice_is_text(value):
    assert refusal(one_of, "kind", value, ["a", "b"]) == f"kind: expected a or b, received {value!r}"


KNOWN = ["cat", "cactus", "The Eiffel Tower", "owl", "bat", "hat", "rat"]


def test_the_nearest_come_best_first_and_three_at_most():
    found = nearest("cat", KNOWN)
    assert found[0] == "cat"
    assert len(found) == 3


def test_capitals_do_not_matter_and_are_given_back():
    assert nearest("the eiffel towr", KNOWN) == ["The Eiffel Tower"]


def test_nothing_is_near_to_nonsense():
    assert nearest("zzzzzz", KNOWN) == []


@pytest.mark.parametrize("names", [[], ["owl"], ["owl", "cat", "owl"]])
def test_names_that_are_known_pass(names):
    assert known_names(names, KNOWN, "categories") is None


def test_an_unknown_name_is_refused_with_those_near_it():
    message = refusal(known_names, ["owl", "oowl"], KNOWN, "categories")
    assert message == "expected one of the 7 categories, received 'oowl'; near: owl"


def test_every_unknown_name_is_named_once():
    message = refusal(known_names, ["zzzzzz", "oowl", "zzzzzz"], KNOWN, "categories")
    assert message == "expected one of the 7 categories, received 'zzzzzz'; near: none; and 'oowl'; near: owl"


# ------------------------------------------------------------------------------------------------------- messages


@pytest.mark.parametrize("value", ["a", None, 1.5, ["a"]])
def test_a_short_value_is_shown_whole(value):
    assert shown(value) == repr(value)


@pytest.mark.parametrize("length", [58, 59, 5000])
def test_a_long_value_is_cut_to_60_characters(length):
    text = "x" * length
    assert shown(text) == (repr(text) if length <= 58 else "'" + "x" * 56 + "...")
    assert len(shown(text)) == 60


def test_whatever_is_received_a_message_stays_short():
    for check, arguments in ((whole_number, ()), (real_number, (0, 1)), (one_of, (["a", "b"],))):
        assert len(refusal(check, "count", "x" * 10**6, *arguments)) < 200


def test_an_input_error_is_a_value_error():
    """So that a caller who knows nothing of this package can catch it."""
    assert issubclass(InputError, ValueError)


def test_a_number_too_long_to_write_out_is_named_by_its_type():
    with pytest.raises(InputError, match="seed: expected a whole number from 0 to 9, received int too long to show"):
        whole_number("seed", 10**5000, 0, 9)


def test_many_and_long_unknown_names_make_a_short_message():
    with pytest.raises(InputError, match="; and 95 others") as caught:
        known_names([f"{k}" + "x" * 100_000 for k in range(100)], ["cat", "owl"], "subjects")
    assert len(str(caught.value)) < 600


# ------------------------------------------------------------------------------------------- what a file may say

HOSTILE = "\x1b[2J\u202e\r\x07"


def test_no_message_steers_a_terminal():
    assert str(InputError(f"a: {HOSTILE}\nb: é")) == "a: ?[2J???\nb: é"


def test_few_names_are_shown_and_the_others_counted():
    assert few(["a", "b"]) == "a, b"
    assert few(f"{k}" for k in range(7)) == "0, 1, 2, 3, 4 and 2 more"
    assert few(["x" * 100]) == "x" * 57 + "..."


def test_the_first_faults_are_shown_and_the_others_counted():
    assert first_of(["one", "two"]) == "one\ntwo"
    assert first_of([f"{k}" for k in range(7)]) == "0\n1\n2\n3\n4\nand 2 more"
    assert first_of(["one"], count=9) == "one\nand 8 more"
    assert first_of(["x" * 300, "y" * 300, "z"]) == "x" * 300 + "\nand 2 more"
    assert len(first_of(["x" * 5000])) == MAX_FAULTS
