"""Exported functions, run without the package: equal to the model's own, for every cell and both formats."""

import json

import numpy as np
import pytest
from support.tiny import tiny_batch, tiny_model

from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.model import mixture
from sketch_rnn_keras.model.serving import export, parts

LENGTHS, STEPS = [3, 9, 5], 12
CELLS = [("lstm", "lstm"), ("layer_norm", "layer_norm"), ("hyper", "hyper")]


def onnx_functions(folder):
    """The functions of a folder as `(**arrays) -> {name: array}`, run by onnxruntime."""
    import onnxruntime

    def function(path):
        session = onnxruntime.InferenceSession(path)
        names = [output.name for output in session.get_outputs()]
        return lambda **inputs: dict(zip(names, session.run(names, inputs), strict=True))

    return {path.stem: function(path) for path in folder.glob("*.onnx")}


def saved_functions(folder):
    """The same of SavedModels, run by TensorFlow."""
    import tensorflow as tf

    def function(path):
        loaded = tf.saved_model.load(str(path))
        signature = loaded.signatures["serving_default"]

        def run(**inputs):
            given = {name: tf.constant(array) for name, array in inputs.items()}
            return {name: tensor.numpy() for name, tensor in signature(**given).items()}

        run.keeps = loaded  # TensorFlow frees the variables with it
        return run

    return {path.name: function(path) for path in folder.iterdir() if path.is_dir()}


FORMATS = [
    pytest.param("onnx", onnx_functions, marks=pytest.mark.tensorflow),
    pytest.param("tf_saved_model", saved_functions, marks=pytest.mark.tensorflow),
]


def check_functions(model, functions):
    """Encode, start and step as the model does, to 1e-5."""
    batch = tiny_batch(LENGTHS, STEPS)
    z, start = None, model.decoder.zero_state(len(LENGTHS))
    given = {}
    if model.hparams.conditional:
        mu, presigma = (np.asarray(part) for part in model.encode(batch[:, 1:], np.array(LENGTHS)))
        code = functions["encoder"](strokes5=batch[:, 1:])
        np.testing.assert_allclose(code["mu"], mu, atol=1e-5)
        np.testing.assert_allclose(code["presigma"], presigma, atol=1e-5)
        z, given = mu, {"z": mu}
        state = functions["start"](z=mu)["state"]
    else:
        state = np.asarray(model.decoder.pack(start))
    expected = mixture.from_raw(model.decode(batch[:, :-1], z))
    for step in range(STEPS):
        result = functions["step"](point=batch[:, step], state=state, **given)
        for name, values in expected._asdict().items():
            np.testing.assert_allclose(result[name], np.asarray(values)[:, step], atol=1e-5, err_msg=f"{name}, {step}")
        state = result["next_state"]


@pytest.mark.parametrize(("name", "functions"), FORMATS)
@pytest.mark.parametrize("cells", CELLS, ids="-".join)
def test_the_functions_compute_what_the_model_does(cells, name, functions, tmp_path):
    model = tiny_model(enc_model=cells[0], dec_model=cells[1])
    written = model.export(tmp_path / "out", name)
    assert all(path.exists() for path in written)
    check_functions(model, functions(tmp_path / "out"))


@pytest.mark.parametrize(("name", "functions"), FORMATS)
def test_a_decoder_alone_is_a_step_alone(name, functions, tmp_path):
    model = tiny_model(conditional=False)
    export(model, tmp_path, name)
    made = functions(tmp_path)
    assert made.keys() == {"step"}
    check_functions(model, made)


@pytest.mark.parametrize("conditional", [True, False])
def test_each_function_has_the_weights_that_it_reads_and_no_others(conditional):
    owners = {
        name: {weight.path.split("/")[0] for weight in part.weights}
        for name, part in parts(tiny_model(conditional=conditional)).items()
    }
    encoding = {"encoder": {"encoder_forward", "encoder_backward", "mu", "presigma"}, "start": {"initial_state"}}
    assert owners == (encoding if conditional else {}) | {"step": {"decoder", "output_head"}}


@pytest.mark.tensorflow
def test_what_stands_beside_them_says_how_to_call_them(tmp_path):
    export(tiny_model(scale_factor=4.0), tmp_path, "onnx")
    document = json.loads((tmp_path / "sketch_rnn.json").read_text())
    assert document["scale_factor"] == 4.0
    assert document["start_token"] == [0, 0, 1, 0, 0]
    assert document["hparams"]["z_size"] == 3
    functions = document["functions"]
    assert functions["encoder"] == {
        "inputs": {"strokes5": "[B, N, 5]"},
        "outputs": {"mu": "[B, 3]", "presigma": "[B, 3]"},
    }
    assert functions["step"]["inputs"] == {"point": "[B, 5]", "state": "[B, 16]", "z": "[B, 3]"}
    assert functions["step"]["outputs"]["next_state"] == "[B, 16]"


def test_a_folder_with_files_in_it_is_left_alone(tmp_path):
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(InputError, match="expected a new or empty folder"):
        export(tiny_model(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_other_formats_are_refused(tmp_path):
    with pytest.raises(InputError, match="format: expected tf_saved_model or onnx, received 'coreml'"):
        export(tiny_model(), tmp_path, "coreml")


def test_a_missing_package_is_named_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"is not installed; pip install 'sketch-rnn-keras\[export\]'"):
        export(tiny_model(), tmp_path / "out", "onnx")
    assert not (tmp_path / "out").exists()


@pytest.mark.tensorflow
def test_the_command_writes_the_folder_and_nothing_else(command, tmp_path):
    tiny_model().save(tmp_path / "tiny.keras")
    status, out, err = command("export", "--model", "tiny.keras", "--output", "out", "--format", "onnx")
    assert (status, out) == (0, "")
    names = ["encoder.onnx", "start.onnx", "step.onnx", "sketch_rnn.json"]
    assert err.splitlines() == [f"wrote  out/{name}" for name in [*names, "model_card.md"]]
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == {*names, "model_card.md", "samples.svg"}
    status, _, err = command("export", "--model", "tiny.keras", "--output", "out2", "--format", "coreml")
    assert status == 2
    assert "--format: expected onnx or saved_model" in err
