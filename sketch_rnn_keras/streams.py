"""Every random choice of the package, enumerated: a function of (seed, stream, index).

Enters: the user's seed, which of the choices below it is, and its place among those of its kind (a step, a sketch, a
batch). Leaves: NumPy's generator for it. No two streams give the same numbers, whatever their indices: a test shows it.

The built-in drawings (`data/doodles.py`) are data with a SHA-256: they keep the numbers they have, by a rule of their
own, `doodle_generator`. What a backend draws, it draws from seeds that are made here: initial weights, the masks of a
training step, and what a model draws by itself when it is called without noise or masks.
"""

import enum

import numpy as np

from .errors import whole_number


class Stream(enum.IntEnum):
    """What a random number is for. The values are part of the numbers: a new stream takes a new value.

    0 to 2 are left to the built-in drawings: the entropy of each split's first one, (seed, subject, split, 0), is to
    NumPy that of (seed, subject, split).
    """

    VALIDATION_LATENT = 3  # index: the batch; as in every version, so that a model's losses stay what they were
    BATCH = 4  # index: the step, from 0; which drawings, and how they are augmented
    TRAINING_LATENT = 5  # index: the step
    DROPOUT = 6  # index: the step
    SKETCH_LATENT = 7  # index: the sketch; the code it is drawn from, where none is given
    SKETCH_CHOICE = 8  # index: the sketch; components and pen states
    SKETCH_OFFSET = 9  # index: the sketch; where in a component
    ENCODING_LATENT = 10  # index: the drawing
    LAYER_SEEDS = 11
    ORTHOGONAL = 12  # with a layer's seed
    CONTACT_SHEET = 13
    NAMED_DRAWING = 14  # index: the place of the name; which drawing `random` means
    CONVERSION_CHOICE = 15
    CONVERSION_SPLIT = 16
    MODEL_CALLS = 17  # what a model draws by itself, when it is given no noise or no masks; training gives it both
    QUALITY_CHOICE = 30  # index: the set; which real drawings sketches are compared with
    QUALITY_RESAMPLING = 31  # index: what for; subsets that tell how sure a measure is
    QUALITY_CONTROL = 32  # index: the drawing; how copies of it are jittered, how scribbles are made of it
    RECOGNISER_LESSON = 33  # index: the step; which drawings a recogniser sees, and how they are turned
    RECOGNISER_TEST = 34  # index: the drawing; the scribble made of it


def generator(seed: int, stream: Stream, index: int = 0) -> np.random.Generator:
    """The generator of one random choice.

    Args:
        seed: the user's, from 0 to 2^32 - 1.
        stream: what it is for.
        index: its place among the choices of this stream, in the same range.

    Raises:
        InputError: the seed or the index is outside it: a longer number is several to NumPy, and could be another's.
    """
    return np.random.default_rng([_word("seed", seed), _word("index", index), stream])


def doodle_generator(seed: int, subject: int, split: int, drawing: int) -> np.random.Generator:
    """The generator of one built-in drawing.

    Args:
        seed: the user's, from 0 to 2^32 - 1.
        subject, split: the places of the two among those of `data/doodles.py`, from 0.
        drawing: its number in the split, from 0.
    """
    return np.random.default_rng([_word("seed", seed), subject, split, _word("drawing", drawing)])


def derived_seed(seed: int, stream: Stream, index: int = 0) -> int:
    """A seed below 2^31 for a generator that is not NumPy's; see `generator`."""
    words = [_word("seed", seed), _word("index", index), stream]
    return int(np.random.SeedSequence(words).generate_state(1)[0] >> 1)


def _word(name: str, value: int) -> int:
    return whole_number(name, value, 0, 2**32 - 1)
