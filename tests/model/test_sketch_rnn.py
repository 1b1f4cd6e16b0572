"""The assembled model: what may and may not influence it, its dropout, its files, and the original's variables."""

import io
import itertools
import json
import zipfile

import keras
import numpy as np
import pytest
from keras import ops

from sketch_rnn_keras.backends import backend
from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.hparams import HParams
from sketch_rnn_keras.interop import magenta
from sketch_rnn_keras.loading import load_model
from sketch_rnn_keras.model import cells
from sketch_rnn_keras.model.sketch_rnn import SketchRNN
from sketch_rnn_keras.training.loop import make_optimizer

BATCH, STEPS = 2, 5
LENGTHS = np.array([3, 5], "int32")
SMALL = {"enc_rnn_size": 4, "dec_rnn_size": 6, "z_size": 3, "num_mixture": 2, "max_seq_len": STEPS, "batch_size": BATCH}


@pytest.fixture
def small_hyper(monkeypatch):
    monkeypatch.setattr(cells, "HYPER_UNITS", 6)
    monkeypatch.setattr(cells, "HYPER_EMBEDDING", 3)


def build(**changes):
    return SketchRNN(HParams(**(SMALL | changes)), scale_factor=2.5)


@pytest.fixture(scope="module")
def conditional():
    return build()


@pytest.fixture(scope="module")
def decoder_only():
    return build(conditional=False)


def sketches(seed=0):
    """`[B, N_max + 1, 5]` with the start token, of LENGTHS points."""
    rng = np.random.default_rng(seed)
    batch = np.zeros((BATCH, STEPS + 1, 5), "float32")
    batch[:, 0, 2] = 1
    for sketch, n in zip(batch, LENGTHS, strict=True):
        sketch[1 : n + 1, :2] = rng.normal(size=(n, 2))
        sketch[1 : n + 1, 2] = 1
        sketch[n + 1 :, 4] = 1
    return batch


def latent(seed=1):
    return np.random.default_rng(seed).normal(size=(BATCH, SMALL["z_size"])).astype("float32")


def array(tensor):
    return ops.convert_to_numpy(tensor)


def assert_same_weights(one, other):
    assert [w.path for w in one.weights] == [w.path for w in other.weights]
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


# ------------------------------------------------------------------------------------------------- construction, seeds


def test_the_default_model_has_the_parameters_of_the_thesis(monkeypatch):
    monkeypatch.setattr(cells, "GatewiseOrthogonal", lambda seed: keras.initializers.Zeros())  # quick, same shape
    model = SketchRNN(HParams())
    assert model.count_params() == 2_186_107
    assert sum(int(np.prod(w.shape)) for w in model.trainable_variables) == 2_186_107


def test_initial_weights_are_a_function_of_the_seed():
    assert_same_weights(build(seed=3), build(seed=3))
    one, other = build(seed=3), build(seed=4)
    kernels = [(a, b) for a, b in zip(one.weights, other.weights, strict=True) if len(a.shape) == 2]
    assert len(kernels) == 10
    assert not any(np.array_equal(array(a), array(b)) for a, b in kernels)


def test_the_two_encoders_start_apart(conditional):
    forward, backward = (array(e.recurrent_kernel) for e in (conditional.encoder_forward, conditional.encoder_backward))
    assert np.abs(forward - backward).max() > 0.1


def test_hyperparameters_must_be_hyperparameters():
    with pytest.raises(InputError, match="expected an HParams, received dict"):
        SketchRNN({"z_size": 3})


# ------------------------------------------------------------------------------------------------- encoder and decoder


def test_what_follows_a_sketch_has_no_influence_on_its_code(conditional):
    strokes = sketches()[:, 1:]
    other = strokes.copy()
    other[0, LENGTHS[0] :] = 99.0
    longer = np.concatenate([other, np.full((BATCH, 2, 5), -7.0, "float32")], axis=1)
    expected = [array(v) for v in conditional.encode(strokes, LENGTHS)]
    assert [v.shape for v in expected] == [(BATCH, SMALL["z_size"])] * 2
    for changed in (other, longer):
        for a, b in zip(conditional.encode(changed, LENGTHS), expected, strict=True):
            np.testing.assert_allclose(array(a), b, rtol=1e-6, atol=1e-9)


def test_every_point_has_influence_on_the_code(conditional):
    expected = array(conditional.encode(sketches()[:, 1:], LENGTHS)[0])
    for step in (0, LENGTHS[0] - 1):
        strokes = sketches()[:, 1:]
        strokes[0, step, 0] += 1.0
        found = array(conditional.encode(strokes, LENGTHS)[0])
        assert np.abs(found[0] - expected[0]).max() > 1e-6
        np.testing.assert_allclose(found[1], expected[1], rtol=1e-6, atol=1e-9)


def test_latent_is_mu_plus_sigma_times_noise(conditional):
    mu, presigma, noise = latent(1), latent(2), latent(3)
    z = conditional.latent(ops.convert_to_tensor(mu), ops.convert_to_tensor(presigma), noise)
    np.testing.assert_allclose(array(z), mu + np.exp(presigma / 2) * noise, rtol=1e-6)


def test_the_latent_vector_decides_where_the_decoder_starts(conditional, decoder_only):
    z = latent()
    kernel, bias = array(conditional.initial_state.kernel), array(conditional.initial_state.bias)
    start = array(conditional.decoder.pack(conditional.decoder_start(ops.convert_to_tensor(z))))
    np.testing.assert_allclose(start, np.tanh(z @ kernel + bias), rtol=1e-5, atol=1e-8)
    assert np.abs(start[0] - start[1]).max() > 0
    assert not any(array(s).any() for s in decoder_only.decoder_start(None, BATCH))


def test_a_decoder_alone_has_no_encoder(decoder_only):
    with pytest.raises(InputError, match="encode: this model is decoder-only"):
        decoder_only.encode(sketches()[:, 1:], LENGTHS)
    with pytest.raises(InputError, match="a decoder-only model was given a latent vector"):
        decoder_only.decode(sketches()[:, :-1], ops.convert_to_tensor(latent()))
    assert decoder_only.decode(sketches()[:, :-1]).shape == (BATCH, STEPS, 6 * 2 + 3)


def test_a_conditional_decoder_needs_a_latent_vector(conditional):
    with pytest.raises(InputError, match="a conditional model was given no latent vector"):
        conditional.decode(sketches()[:, :-1])


def test_the_decoder_sees_no_later_point(decoder_only):
    strokes = sketches()[:, :-1]
    before = array(decoder_only.decode(strokes))
    strokes[:, 3, :2] += 1.0
    after = array(decoder_only.decode(strokes))
    np.testing.assert_array_equal(after[:, :3], before[:, :3])
    assert np.abs(after[:, 3] - before[:, 3]).max() > 1e-4


# ------------------------------------------------------------------------------------------------------------- dropout


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
    assert build(**changes).dropout_masks(BATCH, STEPS).keys() == places


def test_masks_drop_the_right_share_and_keep_the_mean():
    model = build(
        use_input_dropout=True, use_output_dropout=True, recurrent_dropout_prob=0.9, input_dropout_prob=0.75,
        output_dropout_prob=0.5,
    )  # fmt: skip
    batch, steps = 50, 60
    masks = {place: array(mask) for place, mask in model.dropout_masks(batch, steps).items()}
    widths = {"encoder_forward": 4, "encoder_backward": 4, "decoder": 6, "input": 5 + 3, "output": 6}
    assert {place: mask.shape for place, mask in masks.items()} == {p: (steps, batch, w) for p, w in widths.items()}
    for place, mask in masks.items():
        keep = {"input": 0.75, "output": 0.5}.get(place, 0.9)
        np.testing.assert_array_equal(np.unique(mask), np.float32([0.0, 1.0 / keep]))
        assert abs(mask.mean() - 1.0) < 5.0 * np.sqrt((1.0 / keep - 1.0) / mask.size)
        assert all(np.any(a != b) for a, b in itertools.pairwise(mask))  # fresh at every step
    assert np.any(masks["encoder_forward"] != masks["encoder_backward"])


def test_masks_are_a_stream_that_the_seed_decides():
    one, same, other = build(seed=5), build(seed=5), build(seed=6)
    first, second = (array(one.dropout_masks(BATCH, STEPS)["decoder"]) for _ in range(2))
    assert np.any(first != second)
    for expected in (first, second):
        np.testing.assert_array_equal(array(same.dropout_masks(BATCH, STEPS)["decoder"]), expected)
    assert np.any(array(other.dropout_masks(BATCH, STEPS)["decoder"]) != first)


def test_masks_come_from_the_given_source():
    model = build(recurrent_dropout_prob=0.5)
    masks = model.dropout_masks(BATCH, STEPS, lambda shape, keep_prob: ops.full(shape, 3.0 / keep_prob))
    assert masks.keys() == {"encoder_forward", "encoder_backward", "decoder"}
    assert all((array(mask) == 6.0).all() for mask in masks.values())


@pytest.mark.parametrize("keep_prob", [0.9, 0.25])
def test_the_backend_s_mask_source_keeps_and_scales(decoder_only, keep_prob):
    def two_masks(seed):
        draw = backend().mask_source(seed)
        return [draw((40, 50, 60), keep_prob) for _ in range(2)]

    draw_two = backend().compiled(decoder_only, two_masks)
    masks, same, other = (list(map(array, draw_two(np.int32(seed)))) for seed in (3, 3, 4))
    for mask, again in zip(masks, same, strict=True):
        np.testing.assert_array_equal(np.unique(mask), np.float32([0.0, 1.0 / keep_prob]))
        assert abs(mask.mean() - 1.0) < 5.0 * np.sqrt((1.0 / keep_prob - 1.0) / mask.size)
        np.testing.assert_array_equal(mask, again)
    assert np.any(masks[0] != masks[1])
    assert np.any(masks[0] != other[0])


def test_an_output_mask_of_zeros_leaves_the_bias(conditional):
    masks = {"output": ops.zeros((STEPS, BATCH, SMALL["dec_rnn_size"]))}
    raw = array(conditional.decode(sketches()[:, :-1], ops.convert_to_tensor(latent()), masks))
    np.testing.assert_array_equal(raw, np.broadcast_to(array(conditional.output_head.bias), raw.shape))


def test_the_output_mask_scales_the_decoder_s_outputs(decoder_only):
    """Doubling h doubles what the head adds to its bias."""
    bias, strokes = array(decoder_only.output_head.bias), sketches()[:, :-1]
    plain = array(decoder_only.decode(strokes))
    doubled = array(decoder_only.decode(strokes, masks={"output": ops.full((STEPS, BATCH, 6), 2.0)}))
    np.testing.assert_allclose(doubled - bias, 2.0 * (plain - bias), rtol=1e-4, atol=1e-6)


def test_the_input_mask_multiplies_the_point_and_the_latent_vector(conditional):
    """z still sets the decoder's start, which input dropout does not touch."""
    strokes, z, width = sketches()[:, :-1], ops.convert_to_tensor(latent()), 5 + SMALL["z_size"]
    plain = array(conditional.decode(strokes, z))
    ones = array(conditional.decode(strokes, z, {"input": ops.ones((STEPS, BATCH, width))}))
    np.testing.assert_allclose(ones, plain, rtol=1e-5, atol=1e-6)

    mask = np.ones((STEPS, BATCH, width), "float32")
    mask[:, :, 0] = 0.0  # dx
    still = strokes.copy()
    still[:, :, 0] = 0.0
    masked = array(conditional.decode(strokes, z, {"input": ops.convert_to_tensor(mask)}))
    np.testing.assert_allclose(masked, array(conditional.decode(still, z)), rtol=1e-5, atol=1e-6)

    mask[:, :, 0], mask[:, :, 5:] = 1.0, 0.0  # z
    masked = array(conditional.decode(strokes, z, {"input": ops.convert_to_tensor(mask)}))
    state, weights = conditional.decoder_start(z), conditional.decoder.loop_weights()
    first, context = ops.convert_to_tensor(strokes[:, 0]), conditional.decoder.context(BATCH)
    state, _ = conditional.decoder.step(weights, first, context, state)
    np.testing.assert_allclose(masked[:, 0], array(conditional.output_head(state[1])), rtol=1e-5, atol=1e-6)


def test_calling_the_model_drops_only_while_training(conditional):
    noise = latent(5)
    plain, again = (array(conditional(sketches(), noise=noise)) for _ in range(2))
    np.testing.assert_array_equal(plain, again)
    first, second = (array(conditional(sketches(), noise=noise, training=True)) for _ in range(2))
    assert plain.shape == (BATCH, STEPS, 15)
    assert np.abs(first - plain).max() > 1e-5
    assert np.abs(second - first).max() > 1e-5


def test_loss_terms_add_up_and_kl_has_its_floor(conditional, decoder_only):
    terms = {name: float(v) for name, v in conditional.loss_terms(sketches(), LENGTHS, noise=latent(5)).items()}
    assert terms["recon"] == pytest.approx(terms["offset"] + terms["pen"], rel=1e-6)
    assert terms["recon_masked"] == pytest.approx(terms["offset"] + terms["pen_masked"], rel=1e-6)
    assert terms["pen_masked"] < terms["pen"]
    assert 0.0 < terms["kl_raw"] < 0.2  # an untrained encoder is close to the prior
    assert terms["kl"] == pytest.approx(0.2)
    alone = decoder_only.loss_terms(sketches())
    assert float(alone["kl"]) == float(alone["kl_raw"]) == 0.0


# --------------------------------------------------------------------------------------------------------------- files


@pytest.mark.parametrize("conditional", [True, False])
@pytest.mark.parametrize("kind", cells.CELLS)
def test_a_saved_model_comes_back(kind, conditional, small_hyper, tmp_path):
    model = build(dec_model=kind, enc_model="layer_norm", conditional=conditional, seed=9)
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(size=w.shape) for w in model.weights])
    model.save(tmp_path / "model.keras")
    for again in (load_model(tmp_path / "model.keras"), load_model(tmp_path)):
        assert_same_weights(model, again)
        assert again.hparams == model.hparams
        assert again.scale_factor == 2.5


def test_keras_itself_opens_a_saved_model(conditional, tmp_path):
    conditional.save(tmp_path / "a.keras")
    again = keras.saving.load_model(tmp_path / "a.keras")
    assert isinstance(again, SketchRNN)
    assert_same_weights(conditional, again)
    assert (again.hparams, again.scale_factor) == (conditional.hparams, 2.5)


def test_a_model_without_scale_factor_comes_back(tmp_path):
    SketchRNN(HParams(**SMALL, conditional=False)).save(tmp_path / "a.keras")
    assert load_model(tmp_path / "a.keras").scale_factor is None


@pytest.fixture(scope="module")
def saved(decoder_only, tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "model.keras"
    decoder_only.save(path)
    return path


def rewritten(saved, path, **members):
    """A copy of the archive with some members replaced; None leaves one out."""
    with zipfile.ZipFile(saved) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            content = members.get(name.split(".")[0], source.read(name))
            if content is not None:
                target.writestr(name, content)
    return path


def config_of(saved):
    with zipfile.ZipFile(saved) as archive:
        return json.loads(archive.read("config.json"))


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04" + bytes(100), bytes(range(256)) * 8])
def test_a_file_that_is_no_archive_is_refused(content, tmp_path):
    path = tmp_path / "bad.keras"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"bad\.keras: expected a Sketch-RNN saved by sketch_rnn_keras"):
        load_model(path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_refused(share, saved, tmp_path):
    content = saved.read_bytes()
    path = tmp_path / "cut.keras"
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(InputError, match=r"cut\.keras: expected a Sketch-RNN"):
        load_model(path)


def test_damaged_weights_are_refused(saved, tmp_path):
    with zipfile.ZipFile(saved) as archive:
        weights = archive.read("model.weights.h5")
    heap = weights.index(b"HEAP") + 8  # the size of the root group's table of names
    nameless = weights[:heap] + bytes(8) + weights[heap + 8 :]
    for k, damaged in enumerate([b"", weights[: len(weights) // 2], b"\x00" * len(weights), nameless, None]):
        with pytest.raises(InputError, match="expected a Sketch-RNN"):
            load_model(rewritten(saved, tmp_path / f"{k}.keras", model=damaged))


SYSTEM = {"module": "os", "class_name": "system", "config": {"command": "true"}, "registered_name": None}
SEQUENTIAL = {"module": "keras", "class_name": "Sequential", "config": {}, "registered_name": "Sequential"}
FOREIGN = [SYSTEM, SEQUENTIAL, [], "text", 7, None, {}, {"registered_name": ["sketch_rnn_keras>SketchRNN"]}]


@pytest.mark.parametrize("document", FOREIGN, ids=str)
def test_another_class_is_refused_and_not_loaded(document, saved, tmp_path, monkeypatch):
    ran = []
    monkeypatch.setattr("os.system", ran.append)
    path = rewritten(saved, tmp_path / "a.keras", config=json.dumps(document))
    with pytest.raises(InputError, match="it holds a model of the class"):
        load_model(path)
    assert not ran


def with_config(**changes):
    return lambda document: {**document, "config": document["config"] | changes}


def with_hparams(**changes):
    return lambda document: with_config(hparams=document["config"]["hparams"] | changes)(document)


@pytest.mark.parametrize(
    "change",
    [
        with_config(scale_factor=-1.0),
        with_config(scale_factor="1"),
        with_config(scale_factor=float("nan")),
        with_config(hparams=[]),
        with_hparams(z_sise=3),
        with_hparams(dec_rnn_size="6"),
        with_hparams(dec_model="gru"),
        with_hparams(conditional=True),  # an encoder that the weights lack
        with_hparams(dec_rnn_size=7),
        with_hparams(dec_model="layer_norm"),
        lambda document: {**document, "config": []},
        lambda document: {k: v for k, v in document.items() if k != "config"},
    ],
)
def test_a_configuration_that_does_not_fit_is_refused(change, saved, tmp_path):
    path = rewritten(saved, tmp_path / "a.keras", config=json.dumps(change(config_of(saved))))
    with pytest.raises(InputError, match=r"a\.keras: expected a Sketch-RNN saved by sketch_rnn_keras: ."):
        load_model(path)


def test_an_archive_without_configuration_or_with_a_huge_one_is_refused(saved, tmp_path):
    for k, config in enumerate([None, b"{", b"\xff\xfe", b"[" * 100_000, b" " * (2**20 + 1)]):
        with pytest.raises(InputError, match="expected a Sketch-RNN"):
            load_model(rewritten(saved, tmp_path / f"{k}.keras", config=config))


def test_a_compressed_archive_with_a_flipped_byte_is_refused(saved, tmp_path):
    """Damage inside a deflated member surfaces in the decompressor."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(saved) as source, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, source.read(name))
        start = target.getinfo("config.json").header_offset + 30 + len("config.json")
    content = bytearray(buffer.getvalue())
    content[start] = 0xFF  # a block type that deflate does not have
    path = tmp_path / "a.keras"
    path.write_bytes(content)
    with pytest.raises(InputError, match="expected a Sketch-RNN"):
        load_model(path)


def test_a_path_that_holds_no_model_is_refused(saved, tmp_path):
    with pytest.raises(InputError, match=r"absent\.keras: expected a \.keras file or a run directory.*check the path"):
        load_model(tmp_path / "absent.keras")
    with pytest.raises(InputError, match=r"model\.keras: expected a \.keras file or a run directory"):
        load_model(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(InputError, match="the run has not saved one yet"):
        load_model(tmp_path)
    (tmp_path / "model.h5").write_bytes(saved.read_bytes())
    with pytest.raises(InputError, match=r"expected a file whose name ends in \.keras"):
        load_model(tmp_path / "model.h5")


# --------------------------------------------------------------------------------------------- the original's variables


@pytest.mark.parametrize("kind", cells.CELLS)
def test_variables_cover_every_weight_once_and_come_back(kind, small_hyper):
    model = build(enc_model=kind, dec_model=kind)
    table = magenta.variables(model)
    assert len({id(v) for v in table.values()}) == len(table) == len(model.trainable_variables)
    rng = np.random.default_rng(0)
    given = {name: rng.normal(size=v.shape).astype("float32") for name, v in table.items()}
    magenta.assign_variables(model, {name.removesuffix(":0"): value for name, value in given.items()})
    for name, value in magenta.read_variables(model).items():
        np.testing.assert_array_equal(value, given[name])


NAME = "vector_rnn/RNN/output_b:0"


def without(arrays):
    return {name: value for name, value in arrays.items() if name != NAME}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without, f"missing: {NAME}; unknown: none"),
        (lambda a: a | {"global_step:0": np.zeros(())}, "missing: none; unknown: global_step:0"),
        (
            lambda a: without(a) | {"vector_rnn/RNN/output_v": a[NAME]},
            f"missing: {NAME}; unknown: vector_rnn/RNN/outpu",
        ),
        (lambda a: a | {NAME: np.zeros((1, 15))}, rf"{NAME}': expected shape \(15,\), received \(1, 15\)"),
        (lambda a: a | {NAME.removesuffix(":0"): a[NAME]}, f"{NAME}' is given twice"),
    ],
    ids=["missing", "unknown", "misspelt", "shape", "twice"],
)
def test_variables_that_do_not_fit_are_refused_and_none_is_assigned(change, message, decoder_only):
    before = decoder_only.get_weights()
    arrays = {name: value + 1.0 for name, value in magenta.read_variables(decoder_only).items()}
    with pytest.raises(InputError, match=message):
        magenta.assign_variables(decoder_only, change(arrays))
    for a, b in zip(decoder_only.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)


# --------------------------------------------------------------------------------------------------- mixed precision


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("kind", cells.CELLS)
def test_a_lower_precision_is_near_and_leaves_the_losses_in_float32(kind, precision, small_hyper):
    sizes = {"dec_model": kind, "enc_model": kind}
    plain, mixed = build(**sizes), build(**sizes, precision=precision)
    mixed.set_weights(plain.get_weights())
    noise = latent(5)
    for name, value in plain.loss_terms(sketches(), noise=noise).items():
        low = mixed.loss_terms(sketches(), noise=noise)[name]
        assert keras.backend.standardize_dtype(low.dtype) == "float32"
        assert array(low) == pytest.approx(array(value), rel=0.02, abs=0.02), name
    assert {w.dtype for w in mixed.weights} == {"float32"}
    raw = [array(model.decode(sketches()[:, :-1], ops.convert_to_tensor(noise))) for model in (plain, mixed)]
    assert 0.0 < np.abs(raw[0] - raw[1]).max() < 0.05


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_a_lower_precision_trains_as_float32_does(precision):
    costs = []
    for model in (build(), build(precision=precision)):
        optimizer = make_optimizer(model.hparams)
        update = backend().compiled_update(model, optimizer, lambda x, m=model: objective_of(m, x))
        costs.append([float(update(sketches())["recon"]) for _ in range(6)])
    np.testing.assert_allclose(costs[1], costs[0], rtol=0.02)
    assert costs[1][-1] < costs[1][0]


def objective_of(model, strokes5):
    terms = model.loss_terms(strokes5, noise=latent(5))
    return terms["recon"] + terms["kl"], terms
