"""Dropout: where masks fall, what they keep, where they come from, and what each of them scales."""

import itertools

import numpy as np
import pytest
from keras import ops
from support.tiny import SIZES, tiny_batch, untrained_model

BATCH, STEPS = 2, 5
STROKES5 = tiny_batch((3, 5), STEPS)


def codes(seed=1):
    return np.random.default_rng(seed).normal(size=(BATCH, SIZES["z_size"])).astype("float32")


def array(tensor):
    return ops.convert_to_numpy(tensor)


@pytest.fixture(scope="module")
def untrained():
    return untrained_model()


@pytest.fixture(scope="module")
def untrained_decoder():
    return untrained_model(conditional=False)


# ------------------------------------------------------------------------------------------------- masks


@pytest.mark.parametrize(
    ("changes", "places"),
    [
        ({}, {"encoder_forward", "encoder_backward", "decoder"}),
        ({"conditional": False}, {"decoder"}),
        ({"use_recurrent_dropout": False}, set()),
        ({"use_recurrent_dropout": False, "use_input_dropout": True}, {"input"}),
        ({"use_recurrent_dropout": False, "use_output_dropout": True}, {"output"}),
        ({"use_input_dropout": True, "use_output_dropout": True, "is_training": False}, set()),
        ({"recurrent_dropout_prob": 1.0}, set()),
    ],
)
def test_masks_are_drawn_where_the_hyperparameters_say(changes, places):
    assert untrained_model(**changes).dropout_masks(BATCH, STEPS).keys() == places


KEPT = {"encoder_forward": 0.9, "encoder_backward": 0.9, "decoder": 0.9, "input": 0.75, "output": 0.5}
WIDTHS = {"encoder_forward": 6, "encoder_backward": 6, "decoder": 8, "input": 5 + 3, "output": 8}


@pytest.fixture(scope="module")
def masks():
    """Masks of 50 sketches and 60 steps, at every place."""
    model = untrained_model(
        use_input_dropout=True,
        use_output_dropout=True,
        recurrent_dropout_prob=0.9,
        input_dropout_prob=0.75,
        output_dropout_prob=0.5,
    )
    return {place: array(mask) for place, mask in model.dropout_masks(50, 60).items()}


def test_there_is_a_mask_for_every_step_sketch_and_unit(masks):
    assert {place: mask.shape for place, mask in masks.items()} == {p: (60, 50, w) for p, w in WIDTHS.items()}


@pytest.mark.parametrize("place", KEPT)
def test_masks_drop_the_right_share_and_keep_the_mean(masks, place):
    mask, keep = masks[place], KEPT[place]
    np.testing.assert_array_equal(np.unique(mask), np.float32([0.0, 1.0 / keep]))
    assert abs(mask.mean() - 1.0) < 5.0 * np.sqrt((1.0 / keep - 1.0) / mask.size)


@pytest.mark.parametrize("place", KEPT)
def test_masks_are_fresh_at_every_step(masks, place):
    assert all(np.any(a != b) for a, b in itertools.pairwise(masks[place]))


def test_the_two_encoders_have_masks_of_their_own(masks):
    assert np.any(masks["encoder_forward"] != masks["encoder_backward"])


def decoder_masks(seed, count):
    model = untrained_model(seed=seed)
    return [array(model.dropout_masks(BATCH, STEPS)["decoder"]) for _ in range(count)]


def test_masks_are_drawn_anew_at_every_call():
    first, second = decoder_masks(5, 2)
    assert np.any(first != second)


def test_masks_are_a_stream_that_the_seed_decides():
    for mask, same in zip(decoder_masks(5, 2), decoder_masks(5, 2), strict=True):
        np.testing.assert_array_equal(mask, same)
    assert np.any(decoder_masks(5, 1)[0] != decoder_masks(6, 1)[0])


def test_masks_come_from_the_given_source():
    model = untrained_model(recurrent_dropout_prob=0.5)
    masks = model.dropout_masks(BATCH, STEPS, make_mask=lambda shape, keep_prob: ops.full(shape, 3.0 / keep_prob))
    assert masks.keys() == {"encoder_forward", "encoder_backward", "decoder"}
    assert all((array(mask) == 6.0).all() for mask in masks.values())


# ----------------------------------------------------------------------------------------------- what a mask scales


def decoded(model, strokes, z=None, **masks):
    z = None if z is None else ops.convert_to_tensor(z)
    return array(model.decode(strokes, z, {place: ops.convert_to_tensor(mask) for place, mask in masks.items()}))


INPUT_WIDTH = 5 + SIZES["z_size"]


def input_mask(dropped=()):
    mask = np.ones((STEPS, BATCH, INPUT_WIDTH), "float32")
    mask[:, :, dropped] = 0.0
    return mask


def test_an_output_mask_of_zeros_leaves_the_bias(untrained):
    raw = decoded(untrained, STROKES5[:, :-1], codes(), output=np.zeros((STEPS, BATCH, 8), "float32"))
    np.testing.assert_array_equal(raw, np.broadcast_to(array(untrained.output_head.bias), raw.shape))


def test_the_output_mask_scales_the_decoder_s_outputs(untrained_decoder):
    """Doubling h doubles what the head adds to its bias."""
    bias, strokes = array(untrained_decoder.output_head.bias), STROKES5[:, :-1]
    plain = decoded(untrained_decoder, strokes)
    doubled = decoded(untrained_decoder, strokes, output=np.full((STEPS, BATCH, 8), 2.0, "float32"))
    np.testing.assert_allclose(doubled - bias, 2.0 * (plain - bias), rtol=1e-4, atol=1e-6)


def test_an_input_mask_of_ones_changes_nothing(untrained):
    strokes, z = STROKES5[:, :-1], codes()
    ones = decoded(untrained, strokes, z, input=input_mask())
    np.testing.assert_allclose(ones, decoded(untrained, strokes, z), rtol=1e-5, atol=1e-6)


def test_an_input_mask_drops_a_part_of_the_point(untrained):
    strokes, z = STROKES5[:, :-1], codes()
    still = strokes.copy()
    still[:, :, 0] = 0.0  # dx
    masked = decoded(untrained, strokes, z, input=input_mask([0]))
    np.testing.assert_allclose(masked, decoded(untrained, still, z), rtol=1e-5, atol=1e-6)


def test_an_input_mask_drops_z_but_not_from_the_decoder_s_start(untrained):
    strokes, z = STROKES5[:, :-1], ops.convert_to_tensor(codes())
    masked = decoded(untrained, strokes, z, input=input_mask(range(5, INPUT_WIDTH)))
    cell = untrained.decoder
    first = ops.convert_to_tensor(strokes[:, 0])
    state, _ = cell.step(cell.loop_weights(), first, cell.context(BATCH), untrained.decoder_start(z, BATCH))
    np.testing.assert_allclose(masked[:, 0], array(untrained.output_head(state.h)), rtol=1e-5, atol=1e-6)


def test_calling_the_model_drops_nothing(untrained):
    plain, again = (array(untrained(STROKES5, noise=codes(5))) for _ in range(2))
    assert plain.shape == (BATCH, STEPS, 15)
    np.testing.assert_array_equal(plain, again)


def test_calling_the_model_while_training_drops_anew_each_time(untrained):
    plain = array(untrained(STROKES5, noise=codes(5)))
    first, second = (array(untrained(STROKES5, noise=codes(5), training=True)) for _ in range(2))
    assert np.abs(first - plain).max() > 1e-5
    assert np.abs(second - first).max() > 1e-5
