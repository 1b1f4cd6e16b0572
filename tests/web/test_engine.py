"""The engine of the web page, in Node, against the Python that it repeats."""

import functools
import json

import numpy as np
import pytest
from support import paths
from support.engine import Node, in_browser
from support.golden_recipe import CASES, Golden
from support.tiny import tiny_drawings, tiny_model

from sketch_rnn_keras import complete, load_model, sample
from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.latent import encode_distribution, slerp
from sketch_rnn_keras.model import mixture
from sketch_rnn_keras.model.cells import CELLS
from sketch_rnn_keras.strokes import to_stroke5
from sketch_rnn_keras.web.weights import document

pytestmark = pytest.mark.tensorflow

KINDS = [{"conditional": False, "dec_model": cell} for cell in CELLS]
KINDS += [{"conditional": True, "dec_model": cell, "enc_model": cell} for cell in CELLS]


@pytest.fixture(scope="module")
def engine(node, tmp_path_factory):
    return Node(node, tmp_path_factory.mktemp("engine"))


@functools.cache
def drawing_model(**kind):
    """A tiny model whose sketches end; what is compiled for one test is there for the others."""
    return tiny_model(spread=0.5, end=-1.0, **kind)


def forced_parameters(model, drawing, z):
    """The mixture's parameters before each point of a drawing and after its last."""
    strokes5 = to_stroke5(model.to_model_units(drawing), len(drawing))
    raw = model.decode(strokes5[None], None if z is None else np.asarray(z, "float32")[None])
    return {name: values[0] for name, values in mixture.parameters(raw).items()}


def assert_parameters_equal(steps, expected, tolerance=1e-4):
    """Within `tolerance` of each parameter's size, which for what may be near zero is that of its fellows."""
    for name, values in expected.items():
        ours = np.array([step[name] for step in steps])
        scale = np.maximum(np.abs(values), np.abs(values).max(axis=-1, keepdims=True) if ours.shape[-1] > 1 else 0)
        assert (np.abs(ours - values) <= tolerance * np.maximum(scale, 1e-6)).all(), name


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: "-".join(map(str, kind.values())))
def test_random_models_of_every_cell_compute_the_same(kind, engine):
    model = tiny_model(spread=0.5, **kind)
    drawing = tiny_drawings(3)[1]
    z = np.random.default_rng(1).normal(size=3).astype("float32") if kind["conditional"] else None
    jobs = [{"kind": "decode", "drawing": drawing.tolist(), "z": None if z is None else z.tolist()}]
    jobs += [{"kind": "encode", "drawing": drawing.tolist()}] * kind["conditional"]
    decoded, *encoded = engine(document(model, "tiny", "", float32=True), *jobs)
    assert_parameters_equal(decoded, forced_parameters(model, drawing, z))
    if kind["conditional"]:
        mu, presigma = encode_distribution(model, [drawing])
        np.testing.assert_allclose(encoded[0]["mu"], mu[0], rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(encoded[0]["presigma"], presigma[0], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: "-".join(map(str, kind.values())))
def test_chromium_computes_and_draws_what_node_does(kind, engine, browser):
    model = drawing_model(**kind)
    z = [0.5, -1.0, 0.2] if kind["conditional"] else None
    drawing = tiny_drawings(3)[1].tolist()
    jobs = [
        {"kind": "decode", "drawing": drawing, "z": z},
        {"kind": "draw", "options": {"count": 3, "temperature": 0.7, "seed": 5}},
    ]
    made = document(model, "tiny", "", float32=True)
    (decoded, drawn), (expected, sketches) = in_browser(browser, engine.folder, made, *jobs), engine(made, *jobs)
    for step, other in zip(decoded, expected, strict=True):
        for name, values in other.items():
            np.testing.assert_allclose(step[name], values, rtol=1e-6, atol=1e-9)
    assert_same_sketches(drawn, [np.reshape(sketch, (-1, 3)) for sketch in sketches])


@pytest.mark.parametrize("name", CASES)
def test_golden_models_compute_the_originals_numbers(name, engine):
    golden = Golden(name)
    model, jobs = golden.model, []
    lengths = golden.lengths
    strokes3 = [golden.strokes5[k, 1 : n + 1][:, [0, 1, 3]] for k, n in enumerate(lengths)]
    z = None
    if model.hparams.conditional:
        mu, presigma = encode_distribution(model, strokes3)
        z = mu + np.exp(presigma / 2) * golden.noise
    for k, drawing in enumerate(strokes3):
        jobs.append({"kind": "decode", "drawing": drawing.tolist(), "z": None if z is None else z[k].tolist()})
    answers = engine(document(model, name, "", float32=True), *jobs)
    for k, drawing in enumerate(strokes3):
        assert_parameters_equal(answers[k], forced_parameters(model, drawing, None if z is None else z[k]))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: "-".join(map(str, kind.values())))
@pytest.mark.parametrize("settings", [(0.0, "paper"), (0.4, "paper"), (1.0, "magenta")], ids=str)
def test_the_same_seed_draws_the_same_sketches(kind, settings, engine):
    temperature, law = settings
    model = drawing_model(**kind)
    options = {"count": 5, "temperature": temperature, "seed": 11, "law": law}
    drawn, shorter = engine(
        document(model, "tiny", "", float32=True),
        {"kind": "draw", "options": options},
        {"kind": "draw", "options": options | {"maxPoints": 4}},
    )
    expected = sample(model, 5, temperature, 11, temperature_law=law)
    assert_same_sketches(drawn, expected)
    assert_same_sketches(shorter, [sketch[:4] for sketch in expected])


def assert_same_sketches(drawn, expected):
    assert [len(sketch) for sketch in drawn] == [len(sketch) for sketch in expected]
    for ours, theirs in zip(drawn, expected, strict=True):
        np.testing.assert_allclose(np.reshape(ours, (-1, 3)), theirs, rtol=1e-3, atol=1e-3)


def differences(drawn, expected):
    """The largest difference at each point of two sketches, infinite beyond the end of the shorter one."""
    (short, long), drawn = sorted([len(drawn), len(expected)]), np.reshape(drawn, (-1, 3))
    apart = np.abs(drawn[:short] - expected[:short]).max(axis=1, initial=0)
    return np.append(apart, np.full(long - short, np.inf))


@pytest.mark.parametrize("name", ["doodles", "doodles-decoder", "omniglot"])
def test_presets_complete_as_in_python_from_float16_weights(name, engine):
    """Presets are float16 already: a page has the very numbers. One choice in ten sketches may fall otherwise."""
    model = load_model(name)
    prefix = sample(model, 1, 0.3, 5)[0][:8]
    options = {"count": 10, "temperature": 0.4, "seed": 3, "prefix": prefix.tolist()}
    (drawn,) = engine(document(model, name, ""), {"kind": "complete", "options": options})
    pairs = zip(drawn, complete(model, prefix, 10, 0.4, 3), strict=True)
    assert sum(differences(*pair).max() < 0.01 for pair in pairs) >= 9


@pytest.mark.parametrize("name", ["bird", "dog"])
def test_published_models_complete_as_in_python(name, engine):
    """To a hundredth of a model unit for 30 points; then rounding grows in their recurrence, and chooses otherwise."""
    model = load_model(paths.shared("models", f"{name}.gen.json"))
    prefix = np.array([[0, 0, 0], [20, -15, 0], [25, 5, 0], [10, 20, 0], [-15, 20, 1]], "float32")
    options = {"count": 5, "temperature": 0.25, "seed": 1, "prefix": prefix.tolist()}
    (drawn,) = engine(document(model, name, "", float32=True), {"kind": "complete", "options": options})
    pairs = list(zip(drawn, complete(model, prefix, 5, 0.25, 1), strict=True))
    assert all(differences(*pair)[:30].max() < 0.01 * model.scale_factor for pair in pairs)
    assert sum(differences(*pair).max() < 0.01 * model.scale_factor for pair in pairs) >= 4


def test_codes_that_are_given_share_the_noise_of_sketch_0(engine):
    model = tiny_model(spread=0.5, end=-2.0)
    z = np.random.default_rng(0).normal(size=(3, 3)).astype("float32")
    options = {"count": 3, "temperature": 0.5, "seed": 2, "z": z.tolist(), "sameNoise": True}
    (drawn,) = engine(document(model, "tiny", "", float32=True), {"kind": "draw", "options": options})
    assert_same_sketches(drawn, sample(model, 3, 0.5, 2, z=z, same_noise=True))


def test_tanh_of_z_sets_the_start_where_the_model_wants_it(engine):
    model = tiny_model(squash_start=True)
    z = np.array([2.0, -3.0, 0.5])
    (decoded,) = engine(
        document(model, "tiny", "", float32=True), {"kind": "decode", "drawing": [[1, 2, 0]], "z": z.tolist()}
    )
    assert_parameters_equal(decoded, forced_parameters(model, np.array([[1, 2, 0]], "float32"), z))


def test_numpys_random_numbers(engine):
    jobs = [
        {"kind": "random", "seed": seed, "stream": stream, "index": index, "count": 2000}
        for seed, stream, index in [(0, 8, 0), (2**32 - 1, 9, 2**32 - 1), (20, 7, 3)]
    ]
    for job, answer in zip(jobs, engine(None, *jobs), strict=True):
        generator = np.random.default_rng([job["seed"], job["index"], job["stream"]])
        assert answer["uniforms"] == generator.random(2000).tolist()
        np.testing.assert_allclose(answer["normals"], generator.standard_normal(2000), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("end", [[3.0, -4.0], [-1.0, -2.0], [0.0, 0.0], [1.0, 2.000001]], ids=str)
def test_slerp(end, engine):
    start, t = [1.0, 2.0], [0.0, 0.3, 1.0]
    (codes,) = engine(None, {"kind": "slerp", "from": start, "to": end, "t": t})
    np.testing.assert_allclose(codes, slerp(np.array(start), np.array(end), t), atol=1e-12)


def test_what_cannot_be_read_or_drawn_is_said(engine):
    decoder, vae = tiny_model(conditional=False), tiny_model()
    drawing = [[1, 1, 0]] * 13
    options = {"count": 1, "temperature": 0.5, "seed": 0}
    (blind,) = engine(document(decoder, "blind", ""), {"kind": "encode", "drawing": drawing[:3]})
    assert blind["error"] == "blind draws, but cannot read: it has no encoder"
    jobs = [{"kind": "encode", "drawing": each} for each in ([], drawing)]
    jobs += [{"kind": "draw", "options": options | changes} for changes in ({"prefix": drawing}, {"temperature": -1})]
    empty, long, long_prefix, cold = engine(document(vae, "tiny", ""), *jobs)
    assert "is empty" in empty["error"]
    assert "13 points" in long["error"]
    assert "at most 12" in long["error"]
    assert "at most 11" in long_prefix["error"]
    assert "temperature" in cold["error"]


# ----------------------------------------------------------------------------------------------------- documents


def test_a_document_says_what_a_page_needs_and_nothing_of_its_maker():
    model = tiny_model(end=-2.0, data_set=["/home/someone/secret.npz"])
    made = document(model, "tiny", "draws nothing much")
    assert "secret" not in json.dumps(made)
    assert (made["name"], made["title"], made["scale_factor"], made["dtype"]) == (
        "tiny",
        "draws nothing much",
        4.0,
        "float16",
    )
    assert made["extent"] > 0
    assert all(len(row) == 3 for drawing in made["examples"] for row in drawing)
    assert made == document(model, "tiny", "draws nothing much")


def test_float16_halves_the_weights():
    model = tiny_model()
    sizes = [len(document(model, "tiny", "", float32=float32)["weights"]) for float32 in (True, False)]
    assert sizes[0] == pytest.approx(2 * sizes[1], abs=4)


@pytest.mark.parametrize(("value", "float32", "message"), [(np.nan, True, "not"), (1e6, False, "float16")])
def test_weights_that_cannot_travel_are_refused(value, float32, message):
    model = tiny_model()
    weights = model.get_weights()
    weights[0][0, 0] = value
    model.set_weights(weights)
    with pytest.raises(InputError, match=message):
        document(model, "tiny", "", float32=float32)


@pytest.mark.parametrize(
    ("name", "first"), [("doodles", "corner"), ("doodles-decoder", "corner"), ("omniglot", "point"), ("bird", "offset")]
)
def test_what_the_first_row_is_shows_in_what_a_model_draws(name, first):
    model = load_model(paths.shared("models", "bird.gen.json") if name == "bird" else name)
    assert document(model, name, "")["first"] == first
