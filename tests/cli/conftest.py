"""Models for the commands that draw with one."""

import pytest
from support.tiny import tiny_model


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
