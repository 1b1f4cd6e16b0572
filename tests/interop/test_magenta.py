"""Facts about Magenta's checkpoints: their numbers are ours, whatever their configuration says or leaves out."""

import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from support.golden_recipe import CASES, Golden
from support.magenta import HERE, assert_same, checkpoint, copied, write
from support.tiny import SIZES, tiny_model

from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.hparams import HParams
from sketch_rnn_keras.interop import magenta
from sketch_rnn_keras.model import cells
from sketch_rnn_keras.model.sketch_rnn import SketchRNN

pytestmark = pytest.mark.tensorflow  # the format's reader is TensorFlow's

STRUCTURE = ("enc_model", "dec_model", "conditional", "enc_rnn_size", "dec_rnn_size", "z_size", "num_mixture")


# ------------------------------------------------------------------------------------------------ the original's own


@pytest.mark.parametrize("name", ["vae_lstm", "vae_layer_norm", "decoder_lstm", "decoder_hyper"])
def test_losses_after_loading_are_the_golden_ones(name):
    golden, model = Golden(name), magenta.load_checkpoint(checkpoint(name))
    terms = model.loss_terms(golden.strokes5, golden.lengths, noise=golden.noise)
    for term, key in (("recon", "recon_train"), ("recon_masked", "recon_eval")):
        assert float(terms[term]) == pytest.approx(float(golden.expected[key]), abs=2e-5)


@pytest.mark.parametrize("name", ["vae_lstm", "vae_layer_norm", "decoder_lstm", "decoder_hyper"])
def test_a_model_remembers_which_checkpoint_it_was_and_that_nothing_was_inferred(name):
    model = magenta.load_checkpoint(checkpoint(name))
    assert model.provenance.origin == f"Magenta checkpoint {name}/vector-0"
    assert model.provenance.notes == ()
    assert model.scale_factor is None


@pytest.mark.parametrize("name", ["vae_lstm", "vae_layer_norm", "decoder_lstm"])
def test_there_and_back_is_exact(name, tmp_path):
    """Checkpoint -> ours -> the original's names -> a checkpoint -> ours."""
    import tensorflow as tf

    reader, model = tf.train.load_checkpoint(str(HERE / name / "vector-0")), magenta.load_checkpoint(HERE / name)
    arrays = {name.removesuffix(":0"): array for name, array in magenta.read_variables(model).items()}
    assert arrays.keys() == {variable.removesuffix(":0") for variable in CASES[name]["variables"]}
    for variable, array in arrays.items():
        np.testing.assert_array_equal(array, reader.get_tensor(variable))
    again = SketchRNN(model.hparams)
    magenta.assign_variables(again, arrays)
    assert_same(again, arrays)
    write(tmp_path / "again", again)
    assert_same(magenta.load_checkpoint(tmp_path / "again"), arrays)


@pytest.mark.parametrize(
    ("encoder", "decoder"), [*((kind, kind) for kind in cells.CELLS), ("hyper", "lstm"), (None, "hyper")]
)
def test_every_cell_on_either_side(encoder, decoder, tmp_path, small_hyper):
    model = tiny_model(dec_model=decoder, **({"enc_model": encoder} if encoder else {"conditional": False}))
    arrays = write(tmp_path / "run", model)
    again = magenta.load_checkpoint(tmp_path / "run", scale_factor=12.5)
    assert_same(again, arrays)
    assert again.hparams == model.hparams
    assert again.scale_factor == 12.5


# ------------------------------------------------------------------------------------------------ the configuration


@pytest.fixture(scope="module", params=["names", "empty", "none", "nulls"])
def inferred(request, tmp_path_factory, shrink_hyper):
    """A checkpoint whose configuration says nothing, in one of four ways: its model and arrays, and what is opened."""
    folder, names = tmp_path_factory.mktemp("magenta") / "run", list(HParams.model_fields)
    config = {"names": names, "empty": {}, "nulls": dict.fromkeys(names)}.get(request.param, {})
    with pytest.MonkeyPatch.context() as patch:
        shrink_hyper(patch)
        model = tiny_model(enc_model="layer_norm", dec_model="hyper")
        arrays = write(folder, model, config=config)
        if request.param == "none":
            (folder / "model_config.json").unlink()
        again = magenta.load_checkpoint(folder)
    return SimpleNamespace(way=request.param, model=model, arrays=arrays, again=again)


def test_sizes_are_inferred_from_the_variables(inferred):
    assert_same(inferred.again, inferred.arrays)
    for key in STRUCTURE:
        assert getattr(inferred.again.hparams, key) == getattr(inferred.model.hparams, key)


def test_what_the_variables_do_not_say_takes_the_originals_default(inferred):
    assert inferred.again.hparams.max_seq_len == 250
    assert inferred.again.hparams.data_set == ["unknown"]


@pytest.mark.parametrize(
    "note",
    [
        *(f"{key}_size {SIZES[f'{key}_size']}" for key in ("dec_rnn", "enc_rnn", "z")),
        "enc_model layer_norm",
        "dec_model hyper",
        "num_mixture 2",
        "the original's defaults are taken for num_steps",
        "max_seq_len",
        "the training data is not known",
    ],
)
def test_all_that_is_inferred_is_noted(inferred, note):
    assert note in "\n".join(inferred.again.provenance.notes)


def test_a_missing_configuration_is_noted(inferred):
    notes = inferred.again.provenance.notes
    assert ("there is no model_config.json" in notes) == (inferred.way == "none")


def test_what_an_old_configuration_lacks_takes_the_originals_default(tmp_path):
    model = tiny_model(conditional=False, kl_weight=0.25)
    config = model.hparams.model_dump(mode="json")
    for key in ("kl_decay_rate", "dec_model", "precision", "seed", "log_every", "description", "squash_start"):
        del config[key]
    write(tmp_path / "run", model, config=config | {"is_training": 0, "conditional": 0, "decoder_type": "x"})
    again = magenta.load_checkpoint(tmp_path / "run")
    assert (again.hparams.kl_decay_rate, again.hparams.kl_weight) == (0.99995, 0.25)
    assert again.provenance.notes == (
        "inferred from the variables: dec_model lstm",
        "the original's defaults are taken for kl_decay_rate",
        "unknown hyperparameters are left aside: decoder_type",
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dec_rnn_size": 512}, "dec_rnn_size is 512, but the variables say 7"),
        ({"enc_rnn_size": 256}, "enc_rnn_size is 256, but the variables say 6"),
        ({"z_size": 4}, "z_size is 4, but the variables say 5"),
        ({"num_mixture": 20}, "num_mixture is 20, but the variables say 3"),
        ({"conditional": 0}, "conditional is False, but the variables say True"),
        ({"enc_model": "hyper"}, "enc_model is hyper, but the variables say lstm"),
        ({"dec_model": "gru"}, "'dec_model': expected one of"),
        ({"z_size": "5"}, "'z_size': expected a whole number"),
    ],
    ids=str,
)
def test_a_configuration_that_contradicts_the_variables_is_refused(changes, message, tmp_path):
    folder = copied(tmp_path)
    config = json.loads((folder / "model_config.json").read_text())
    (folder / "model_config.json").write_text(json.dumps(config | changes))
    with pytest.raises(InputError, match=f"model_config.json.*{message}"):
        magenta.load_checkpoint(folder)


@pytest.mark.parametrize("text", ["7", '"names"', "[1, 2]", "{", "[" * 5000, '{"a": 1, "a": 2}', "\xff"])
def test_a_configuration_that_is_none_is_refused(text, tmp_path):
    folder = copied(tmp_path)
    (folder / "model_config.json").write_bytes(text.encode("latin1"))
    with pytest.raises(InputError, match=r"model_config\.json"):
        magenta.load_checkpoint(folder)


# ------------------------------------------------------------------------------------------------- steps and damage


@pytest.fixture
def steps(tmp_path):
    """A folder of the steps 9 and 10, which differ, without a file `checkpoint`; and the arrays of each."""
    models = {9: tiny_model(conditional=False), 10: tiny_model(conditional=False, dec_rnn_size=3)}
    arrays = {step: write(tmp_path / "run", model, step, config={}) for step, model in models.items()}
    (tmp_path / "run" / "checkpoint").unlink()
    return tmp_path / "run", arrays


@pytest.mark.parametrize(
    "text",
    [
        b'model_checkpoint_path: "vector-9"\nall_model_checkpoint_paths: "vector-10"\n',
        b'model_checkpoint_path: "/tmp/sketch_rnn/models/vector-9"',
        rb'model_checkpoint_path: "C:\\models\\vector-9"',
    ],
    ids=["alone", "on a Unix machine", "on Windows"],
)
def test_the_step_that_is_named_is_taken(text, steps):
    folder, arrays = steps
    (folder / "checkpoint").write_bytes(text)
    model = magenta.load_checkpoint(folder)
    assert_same(model, arrays[9])
    assert model.provenance.origin == "Magenta checkpoint run/vector-9"
    assert "checkpoint" not in model.provenance.notes[0]


@pytest.mark.parametrize(
    ("text", "note"),
    [
        (b'model_checkpoint_path: "../../../etc/passwd"', "names 'passwd', which is not here: took vector-10"),
        (b'model_checkpoint_path: ".."', "names '..', which is not here"),
        (b'model_checkpoint_path: "vector-11"', "names 'vector-11', which is not here: took vector-10"),
        (b'all_model_checkpoint_paths: "vector-9"', "names no step: took vector-10"),
        (b"\xff\x00" * 100_000, "names no step"),
        (None, "no file checkpoint: took vector-10, the last step"),
    ],
    ids=["far away", "a folder above", "another step", "no step", "no text", "no file"],
)
def test_the_last_step_is_taken_and_noted_where_none_is_named(text, note, steps):
    folder, arrays = steps
    if text is not None:
        (folder / "checkpoint").write_bytes(text)
    model = magenta.load_checkpoint(folder)
    assert_same(model, arrays[10])
    assert note in model.provenance.notes[0]


def test_nothing_outside_the_folder_is_opened(tmp_path):
    """The checkpoint file names one that exists elsewhere; the folder's own is taken."""
    other, folder = copied(tmp_path), copied(tmp_path, "decoder_lstm")
    for path in other.glob("vector-0.*"):
        path.rename(other / path.name.replace("vector-0", "vector-5"))
    (folder / "checkpoint").write_text(f'model_checkpoint_path: "{other}/vector-5"')
    model = magenta.load_checkpoint(folder)
    assert not model.hparams.conditional
    assert "names 'vector-5', which is not here" in model.provenance.notes[0]


def cut(path, share):
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])


DATA, INDEX = "vector-0.data-00000-of-00001", "vector-0.index"


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / DATA).unlink(),
        lambda folder: cut(folder / DATA, 0.2),  # within the weights
        lambda folder: cut(folder / DATA, 0.0),
        lambda folder: cut(folder / INDEX, 0.5),
        lambda folder: cut(folder / INDEX, 0.0),
        lambda folder: (folder / INDEX).write_bytes(bytes(range(256)) * 10),
        lambda folder: (folder / DATA).write_bytes((folder / DATA).read_bytes()[::-1]),
    ],
)
def test_damaged_weights_are_refused(damage, tmp_path):
    folder = copied(tmp_path, "decoder_lstm")
    damage(folder)
    with pytest.raises(InputError, match="decoder_lstm/vector-0: "):
        magenta.load_checkpoint(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"vector_rnn/RNN/output_b": None}, "expected a variable vector_rnn/RNN/output_b"),
        ({"vector_rnn/RNN/output_w": None}, "missing: vector_rnn/RNN/output_w"),
        ({"vector_rnn/RNN/LSTMCell/W_hh": None}, "expected the variables of one cell"),
        ({"vector_rnn/RNN/HyperLSTMCell/W_hh": np.ones((8, 32), "float32")}, "received 2"),
        ({"vector_rnn/attention/w": np.ones((2, 2), "float32")}, "unknown: vector_rnn/attention/w"),
        ({"vector_rnn/RNN/output_b": np.ones(16, "float32")}, r"expected shape \(15,\), received \(16,\)"),
        ({"vector_rnn/RNN/output_b": np.full(15, np.nan, "float32")}, "output_b holds numbers that are not finite"),
        ({"vector_rnn/RNN/output_b": np.ones(15)}, "output_b: expected float32, received float64"),
        ({"vector_rnn/RNN/LSTMCell/W_hh": np.ones((5000, 1), "float32")}, "expected at least .* weights, received"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_variables_that_are_no_sketch_rnn_are_refused(changes, message, tmp_path):
    write(tmp_path / "run", tiny_model(conditional=False), config={}, changes=changes)
    with pytest.raises(InputError, match=f"run/vector-0: .*{message}"):
        magenta.load_checkpoint(tmp_path / "run")


def test_a_folder_without_a_checkpoint_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"received no \.index file; name the folder that holds them"):
        magenta.load_checkpoint(tmp_path)


def test_without_tensorflow_it_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(InputError, match="needs TensorFlow, which is not installed"):
        magenta.load_checkpoint(HERE / "vae_lstm")
