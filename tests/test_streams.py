"""Every random choice has numbers of its own: no stream repeats another, nor itself, nor the built-in drawings."""

import itertools

import numpy as np
import pytest

from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.streams import Stream, derived_seed, doodle_generator, generator

SEEDS = (0, 1, 3, 7, 16, 2**31 - 1)
INDICES = (*range(50), 99, 100, 1000, 2**20, 2**31 - 1)


def first_number(rng: np.random.Generator) -> int:
    return int(rng.integers(2**63))


def ours(seed: int) -> list[int]:
    """The first number of every stream at every index."""
    return [first_number(generator(seed, stream, index)) for stream in Stream for index in INDICES]


@pytest.mark.parametrize("seed", SEEDS)
def test_no_two_choices_of_a_seed_share_numbers(seed):
    assert len(set(ours(seed))) == len(Stream) * len(INDICES)


def test_no_two_seeds_share_numbers():
    numbers = [number for seed in SEEDS for number in ours(seed)]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_built_in_drawings_have_numbers_of_their_own(seed):
    places = itertools.product(range(3), range(3), range(50))  # subject, split, which drawing
    theirs = {first_number(doodle_generator(seed, *place)) for place in places}
    assert len(theirs) == 3 * 3 * 50
    assert not theirs & set(ours(seed))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_plain_seed_and_a_plain_pair_have_numbers_of_their_own(seed):
    theirs = {first_number(np.random.default_rng(seed)), first_number(np.random.default_rng([seed]))}
    theirs |= {first_number(np.random.default_rng([seed, k])) for k in range(2000)}
    assert not theirs & set(ours(seed))


def test_the_built_in_drawings_end_their_entropy_in_the_number_of_a_split():
    """Which is why 0 to 2 are no stream's: `[seed, index, stream]` and `[seed, subject, split, k]` would meet."""
    assert min(Stream) > 2


def test_the_numbers_of_a_stream_are_pinned():
    assert {stream.name: stream.value for stream in Stream} == {
        "VALIDATION_LATENT": 3,
        "BATCH": 4,
        "TRAINING_LATENT": 5,
        "DROPOUT": 6,
        "SKETCH_LATENT": 7,
        "SKETCH_CHOICE": 8,
        "SKETCH_OFFSET": 9,
        "ENCODING_LATENT": 10,
        "LAYER_SEEDS": 11,
        "ORTHOGONAL": 12,
        "CONTACT_SHEET": 13,
        "NAMED_DRAWING": 14,
        "CONVERSION_CHOICE": 15,
        "CONVERSION_SPLIT": 16,
        "MODEL_CALLS": 17,
        "QUALITY_CHOICE": 30,
        "QUALITY_RESAMPLING": 31,
        "QUALITY_CONTROL": 32,
        "RECOGNISER_LESSON": 33,
        "RECOGNISER_TEST": 34,
    }


@pytest.mark.parametrize(("seed", "batch"), [(0, 0), (0, 5), (9, 2)])
def test_validation_noise_is_that_of_every_version(seed, batch):
    """So that the losses of a model that was trained before stay what they were."""
    expected = np.random.default_rng([seed, batch, 3]).standard_normal((4, 3), dtype="float32")
    found = generator(seed, Stream.VALIDATION_LATENT, batch).standard_normal((4, 3), dtype="float32")
    np.testing.assert_array_equal(found, expected)


def test_the_index_is_0_unless_it_is_given():
    assert first_number(generator(5, Stream.BATCH)) == first_number(generator(5, Stream.BATCH, 0))


def test_the_codes_of_sketches_are_not_those_of_training():
    """Sketch k was once drawn from the code that batch k was trained with."""
    for k in range(20):
        drawn = generator(0, Stream.SKETCH_LATENT, k).standard_normal(8)
        for other in (Stream.TRAINING_LATENT, Stream.VALIDATION_LATENT, Stream.ENCODING_LATENT, Stream.BATCH):
            assert not np.isin(drawn, generator(0, other, k).standard_normal((4, 8))).any()


def test_derived_seeds_are_distinct_and_fit_31_bits():
    seeds = [derived_seed(seed, Stream.DROPOUT, step) for seed in SEEDS for step in range(200)]
    assert len(set(seeds)) == len(seeds)
    assert min(seeds) >= 0
    assert max(seeds) < 2**31


def test_a_derived_seed_repeats_itself():
    assert derived_seed(3, Stream.DROPOUT, 17) == derived_seed(3, Stream.DROPOUT, 17)


@pytest.mark.parametrize("seed", [2**32, -1, 10**5000], ids=["too large", "negative", "huge"])
def test_a_seed_that_numpy_would_take_for_several_numbers_is_refused(seed):
    with pytest.raises(InputError, match="seed: expected a whole number from 0 to 4294967295"):
        generator(seed, Stream.SKETCH_LATENT, 1)
    with pytest.raises(InputError, match="seed: expected"):
        derived_seed(seed, Stream.DROPOUT, 1)


def test_the_largest_seed_has_its_own_numbers():
    assert generator(2**32 - 1, Stream.BATCH).random() != generator(2**32 - 2, Stream.BATCH).random()
