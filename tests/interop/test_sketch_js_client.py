"""The models that we export compute the same in the JavaScript client @magenta/sketch as here."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from keras import ops

from sketch_rnn_keras.hparams import HParams
from sketch_rnn_keras.interop import sketch_js
from sketch_rnn_keras.model import mixture
from sketch_rnn_keras.model.sketch_rnn import SketchRNN

pytestmark = pytest.mark.tensorflow  # once is enough

CLIENT = "@magenta/sketch@0.2.0"
SCRIPT = Path(__file__).parent / "sketch_js_client.js"
STEPS = 12


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """A folder `node_modules` with the client."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("node and npm are not installed")
    folder = tmp_path_factory.mktemp("client")
    options = ["--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder), "--fetch-retries", "0"]
    try:
        result = subprocess.run(["npm", "install", *options, CLIENT], capture_output=True, text=True, timeout=50)
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm did not install {CLIENT} within 50 s")
    if result.returncode:
        pytest.skip(f"npm could not install {CLIENT}: {result.stderr.strip()[-300:]}")
    return folder / "node_modules"


def build(seed, **changes):
    sizes = {"dec_rnn_size": 24, "enc_rnn_size": 10, "z_size": 6}
    model = SketchRNN(HParams(**sizes, **changes), scale_factor=42.0)
    rng = np.random.default_rng(seed)
    model.set_weights([rng.uniform(-2, 2, size=w.shape) for w in model.weights])
    return model


def assert_same_mixtures(model, strokes, z, steps):
    raw = model.decode(strokes[None], None if z is None else ops.convert_to_tensor(z[None]))
    found = mixture.parameters(raw)
    found["pen"] = ops.convert_to_numpy(ops.softmax(found["pen_logits"]))
    assert len(steps) == STEPS
    for name in steps[0]:
        theirs = np.array([step[name] for step in steps])
        assert theirs.std() > 1e-3
        np.testing.assert_allclose(found[name][0], theirs, rtol=1e-3, atol=1e-3, err_msg=name)


@pytest.mark.parametrize("squash_start", [False, True])
def test_the_client_computes_what_we_compute(squash_start, packages, tmp_path):
    """A decoder, and a VAE with its encoder; a VAE of an old version has tanh(z) set its start."""
    models = {"gen": build(1, conditional=False), "vae": build(2, squash_start=squash_start)}
    rng = np.random.default_rng(3)
    pixels = np.concatenate([rng.normal(0, 60, size=(STEPS, 2)), np.eye(3)[rng.integers(0, 2, STEPS)]], axis=1)
    z = rng.normal(size=6).astype("float32")
    paths = {kind: tmp_path / f"mine.{kind}.json" for kind in models}
    for kind, model in models.items():
        sketch_js.save(model, paths[kind])
    request = {"strokes": pixels.tolist(), "z": z.tolist()} | {kind: str(path) for kind, path in paths.items()}
    (tmp_path / "request.json").write_text(json.dumps(request))
    command = ["node", str(SCRIPT), str(packages), str(tmp_path / "request.json")]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    theirs = json.loads(result.stdout)

    strokes = (pixels / [42, 42, 1, 1, 1]).astype("float32")
    ours = {kind: sketch_js.load(path) for kind, path in paths.items()}
    assert_same_mixtures(ours["gen"], strokes, None, theirs["gen"])
    assert_same_mixtures(ours["vae"], strokes, z, theirs["vae"]["steps"])
    for name, values in zip(("mu", "presigma"), ours["vae"].encode(strokes[None], [STEPS]), strict=True):
        np.testing.assert_allclose(ops.convert_to_numpy(values)[0], theirs["vae"][name], rtol=1e-3, atol=1e-3)
