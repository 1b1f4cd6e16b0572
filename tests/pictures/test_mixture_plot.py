"""Facts about the picture of a mixture: what the model expects next is what is drawn."""

from xml.etree import ElementTree

import numpy as np
import pytest
from keras import ops
from support.tiny import tiny_model

from sketch_rnn_keras import InputError, encode
from sketch_rnn_keras.model import mixture
from sketch_rnn_keras.pictures.mixture_plot import plot_mixture
from sketch_rnn_keras.strokes import to_stroke5

DRAWING = np.array([[4, 0, 0], [0, 4, 0], [-4, 0, 1], [1, 1, 1]], "float32")


@pytest.fixture(params=["conditional", "decoder_only"])
def model(request):
    return request.getfixturevalue(request.param)


def words(path):
    return [text for text in ElementTree.parse(path).getroot().itertext() if text.strip()]


@pytest.mark.parametrize("step", [0, 2, 4])
def test_the_pen_is_as_the_decoder_expects_it_after_what_was_seen(tmp_path, model, step):
    shown = words(plot_mixture(model, DRAWING, step, tmp_path / "a.svg"))
    z = ops.convert_to_tensor(encode(model, [DRAWING])) if model.hparams.conditional else None
    inputs = to_stroke5(DRAWING[:step] / [4, 4, 1], 12)[None, : step + 1]
    logits = mixture.parameters(model.decode(inputs, z))["pen_logits"][0, -1]
    expected = 100 * ops.convert_to_numpy(ops.softmax(logits))
    percentages = [float(word.removesuffix(" %")) for word in shown if word.endswith(" %")]
    np.testing.assert_allclose(percentages, expected, atol=0.06)
    assert f"drawing after {step} of 4 points" in shown


def test_a_code_that_is_given_takes_the_place_of_the_drawings_own(tmp_path, conditional):
    codes = [encode(conditional, [DRAWING])[0], np.full(3, 3.0)]
    own, same, other = (
        plot_mixture(conditional, DRAWING, 2, tmp_path / "a.svg", z).read_bytes() for z in (None, *codes)
    )
    assert own == same != other


def test_a_component_too_light_to_be_seen_is_left_out(tmp_path):
    def marks(logit):
        """How much of the picture of a model of two components has their colour, the second's weight being `logit`."""
        model = tiny_model(conditional=False)
        kernel, bias = model.output_head.kernel.numpy(), model.output_head.bias.numpy()
        kernel[:, 3:5] = 0  # after the pen's three logits come those of the weights
        bias[3:5] = (0, logit)
        model.output_head.set_weights([kernel, bias])
        root = ElementTree.parse(plot_mixture(model, DRAWING, 2, tmp_path / "a.svg")).getroot()
        return sum("fill: #bc4c00" in element.get("style", "") for element in root.iter())

    assert marks(-3) - marks(-5) == 2  # of one and of two standard deviations


def test_probabilities_end_at_one(tmp_path, model):
    shown = words(plot_mixture(model, DRAWING, 2, tmp_path / "a.svg"))
    assert [shown.count(tick) for tick in ("0.0", "0.5", "1.0", "1.5")] == [1, 1, 1, 0]


@pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf"])
def test_the_same_plot_is_the_same_bytes(tmp_path, model, suffix):
    first, second = (plot_mixture(model, DRAWING, 2, tmp_path / f"{name}{suffix}").read_bytes() for name in "ab")
    assert first == second
    assert len(first) > 1000


@pytest.mark.parametrize("step", [-1, 5, 1.5, True])
def test_a_step_outside_the_drawing_is_refused(tmp_path, model, step):
    with pytest.raises(InputError, match=f"step: expected a whole number from 0 to 4, received {step}"):
        plot_mixture(model, DRAWING, step, tmp_path / "a.svg")
    assert list(tmp_path.iterdir()) == []


def test_a_drawing_longer_than_the_model_knows_is_refused(tmp_path, model):
    with pytest.raises(InputError, match="at most 12 points, received 13"):
        plot_mixture(model, np.ones((13, 3)), 1, tmp_path / "a.svg")
    assert list(tmp_path.iterdir()) == []
