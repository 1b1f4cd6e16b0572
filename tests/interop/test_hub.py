"""Models of the Hugging Face Hub: what is fetched, and that it is opened as every file is."""

import huggingface_hub
import numpy as np
import pytest
from support.tiny import tiny_model

from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.interop import hub
from sketch_rnn_keras.loading import load_model


@pytest.fixture
def snapshot(monkeypatch, tmp_path):
    """A Hub whose every repository is the folder that Keras would upload; `.asked` keeps the requests."""

    def download(repository, allow_patterns):
        download.asked.append((repository, allow_patterns))
        return str(tmp_path / "snapshot")

    download.asked = []
    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    return download


def test_a_model_of_the_hub_is_opened(snapshot, tmp_path):
    import keras

    model = tiny_model()
    keras.saving.save_model(model, tmp_path / "snapshot", zipped=False)
    opened = load_model("hf://ada/cats")
    assert snapshot.asked == [("ada/cats", list(hub.FILES))]
    for mine, its in zip(model.get_weights(), opened.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, its)


def test_a_folder_of_another_class_is_refused(snapshot, tmp_path):
    import keras

    other = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    keras.saving.save_model(other, tmp_path / "snapshot", zipped=False)
    with pytest.raises(InputError, match="it holds a model of the class"):
        load_model("hf://ada/cats")


@pytest.mark.parametrize("name", ["hf://cats", "hf://a/b/c", "hf://../x/y", "hf://a/b\n", "hf://" + "x" * 10_000])
def test_other_names_are_refused_in_a_short_sentence(name):
    with pytest.raises(InputError, match="as hf://user/name, received") as caught:
        hub.download(name)
    assert len(str(caught.value)) < 500


def test_what_the_hub_says_is_passed_on_in_short(monkeypatch):
    def fail(*_, **__):
        raise OSError("no route to host\nand much more")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fail)
    with pytest.raises(
        InputError, match=r"hf://ada/cats: cannot be fetched .*\(no route to host\); check name and netw"
    ):
        load_model("hf://ada/cats")


def test_without_the_package_it_says_what_to_install(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(InputError, match="pip install huggingface_hub"):
        hub.download("hf://ada/cats")
