"""What the tests of other programs' formats share: tiny models that sketch-rnn-js can hold, tiny hyper cells."""

import json
from functools import partial

import pytest
from support.sketch_js import tiny

from sketch_rnn_keras.interop import sketch_js
from sketch_rnn_keras.model.cells import CELLS


@pytest.fixture(scope="session")
def vae():
    return tiny()


@pytest.fixture(scope="session")
def gen():
    return tiny(conditional=False)


@pytest.fixture(scope="session")
def documents(vae, gen, tmp_path_factory):
    """What `save` writes, parsed: by kind."""
    folder = tmp_path_factory.mktemp("saved")
    for kind, model in (("gen", gen), ("vae", vae)):
        sketch_js.save(model, folder / f"cat.{kind}.json")
    return {kind: json.loads((folder / f"cat.{kind}.json").read_text()) for kind in ("gen", "vae")}


@pytest.fixture(scope="session")
def shrink_hyper():
    """Makes the small network inside hyper cells tiny too: it has 256 units whatever the hyperparameters say."""

    def shrink(monkeypatch):
        monkeypatch.setitem(CELLS, "hyper", partial(CELLS["hyper"], hyper_units=6, embedding_size=3))

    return shrink


@pytest.fixture
def small_hyper(shrink_hyper, monkeypatch):
    shrink_hyper(monkeypatch)
