"""The models that we export compute the same in the JavaScript client @magenta/sketch as here."""

import json
import shutil
import subprocess

import numpy as np
import pytest
from keras import ops
from support.paths import ROOT
from support.tiny import tiny_model

from sketch_rnn_keras.interop import sketch_js
from sketch_rnn_keras.model import mixture

pytestmark = pytest.mark.tensorflow  # once is enough

CLIENT = "@magenta/sketch@0.2.0"
SCRIPT = ROOT / "tests" / "support" / "sketch_js_client.js"
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


SIZES = {"dec_rnn_size": 24, "enc_rnn_size": 10, "z_size": 6, "scale_factor": 42.0, "spread": 2.0}


def assert_same_mixtures(model, strokes, z, steps):
    raw = model.decode(strokes[None], None if z is None else ops.convert_to_tensor(z[None]))
    found = mixture.parameters(raw)
    found["pen"] = ops.convert_to_numpy(ops.softmax(found["pen_logits"]))
    assert len(steps) == STEPS
    for name in steps[0]:
        theirs = np.array([step[name] for step in steps])
        assert theirs.std() > 1e-3
        np.testing.assert_allclose(found[name][0], theirs, rtol=1e-3, atol=1e-3, err_msg=name)


@pytest.fixture(scope="module", params=[(False, 20), (True, 20), (False, 7)], ids=["new", "old", "few components"])
def both(request, packages, tmp_path_factory):
    """A decoder and a VAE with its encoder, as they come back from their files, and what the client computes with them.

    In a VAE of an old version tanh(z) sets the decoder's start. A model of few components leaves with copies of them.
    """
    squash_start, components = request.param
    sizes = SIZES | {"num_mixture": components}
    folder, rng = tmp_path_factory.mktemp("models"), np.random.default_rng(3)
    pixels = np.concatenate([rng.normal(0, 60, size=(STEPS, 2)), np.eye(3)[rng.integers(0, 2, STEPS)]], axis=1)
    z = rng.normal(size=6).astype("float32")
    models = {
        "gen": tiny_model(seed=1, conditional=False, **sizes),
        "vae": tiny_model(seed=2, squash_start=squash_start, **sizes),
    }
    paths = {kind: folder / f"mine.{kind}.json" for kind in models}
    for kind, model in models.items():
        sketch_js.save(model, paths[kind])
    asked = {"strokes": pixels.tolist(), "z": z.tolist()} | {kind: str(path) for kind, path in paths.items()}
    (folder / "request.json").write_text(json.dumps(asked))
    command = ["node", str(SCRIPT), str(packages), str(folder / "request.json")]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    ours = {kind: sketch_js.load(path) for kind, path in paths.items()}
    return ours, (pixels / [42, 42, 1, 1, 1]).astype("float32"), z, json.loads(result.stdout)


def test_the_client_draws_as_our_decoder_does(both):
    ours, strokes, _, theirs = both
    assert_same_mixtures(ours["gen"], strokes, None, theirs["gen"])


def test_the_client_draws_from_a_code_as_our_vae_does(both):
    ours, strokes, z, theirs = both
    assert_same_mixtures(ours["vae"], strokes, z, theirs["vae"]["steps"])


@pytest.mark.parametrize("name", ["mu", "presigma"])
def test_the_client_encodes_as_our_vae_does(both, name):
    ours, strokes, _, theirs = both
    values = dict(zip(("mu", "presigma"), ours["vae"].encode(strokes[None], [STEPS]), strict=True))
    np.testing.assert_allclose(ops.convert_to_numpy(values[name])[0], theirs["vae"][name], rtol=1e-3, atol=1e-3)
