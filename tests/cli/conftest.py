"""Models for the commands that draw with one."""

import functools

import pytest
from support.tiny import tiny_model

from sketch_rnn_keras import loading


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """Two models whose sketches have some length, as files: `vae.keras`, conditional, and `gen.keras`, a decoder."""
    folder = tmp_path_factory.mktemp("models")
    for name, conditional in (("vae", True), ("gen", False)):
        model = tiny_model(
            end=-6.0, scale_factor=30.0, max_seq_len=80, conditional=conditional, data_set=["doodles:cat:20"]
        )
        model.save(folder / f"{name}.keras")
    return folder


@pytest.fixture(scope="session")
def opened_once():
    return functools.cache(loading.load_model)


@pytest.fixture
def shared_models(monkeypatch, opened_once):
    """Opens each model once for many commands, so that what is compiled for it is compiled once."""
    monkeypatch.setattr(loading, "load_model", opened_once)
