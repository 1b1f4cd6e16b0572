"""The configurations in `configs/`: they load, say what they are for, and hold only what differs."""

import json

import pytest
from support import paths

from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.files.configs import config_names, configs
from sketch_rnn_keras.hparams import HParams

CONFIGS = sorted((paths.ROOT / "configs").glob("*.json"))
SWEEPS = ["equal_time", "kl_tradeoff", "kl_tradeoff_kanji", "variants"]  # see training/test_sweep.py
OF_ONE_RUN = [path for path in CONFIGS if path.stem not in SWEEPS]


@pytest.mark.parametrize("path", OF_ONE_RUN, ids=lambda path: path.stem)
def test_a_config_says_how_to_run_it_what_it_needs_and_what_was_measured(path):
    description = HParams.load(path).description
    for part in (f"--config {path.stem} ", "Data:", "Loss and time:"):
        assert part in description


@pytest.mark.parametrize("path", OF_ONE_RUN, ids=lambda path: path.stem)
def test_a_config_holds_only_what_differs_from_the_defaults(path):
    written, defaults = json.loads(path.read_text()), HParams().model_dump()
    assert [key for key, value in written.items() if value == defaults[key]] == []


def test_the_promised_configs_are_there():
    promised = {
        "quickstart": True,
        "small": True,
        "cat": True,
        "flying_saucer": True,
        "aaron_sheep": True,
        "kanji": True,
        "owl": False,
    }
    conditional = {path.stem: HParams.load(path).conditional for path in OF_ONE_RUN}
    assert promised.items() <= conditional.items()


def test_what_is_for_any_model_says_nothing_of_its_shape():
    given = HParams.load("fine_tune").model_fields_set
    assert not given & {*HParams().shape, "data_set", "max_seq_len"}


# ---------------------------------------------------------------------------------------------------------- by name


def test_the_names_are_those_of_the_files_and_a_sweep_is_none_of_a_training():
    assert configs() == {path.stem: path for path in CONFIGS}
    assert config_names() == [path.stem for path in OF_ONE_RUN]
    assert config_names(of_sweeps=True) == SWEEPS


@pytest.mark.parametrize("path", OF_ONE_RUN, ids=lambda path: path.stem)
def test_a_name_opens_what_the_path_opens_from_any_folder(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert HParams.load(path.stem) == HParams.load(path)


def test_a_file_of_that_name_comes_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "quickstart").write_text('{"z_size": 3}')
    assert HParams.load("quickstart", num_steps=5) == HParams(z_size=3, num_steps=5)


def test_a_folder_of_that_name_is_not_meant(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cat").mkdir()
    assert HParams.load("cat").data_set == ["cat"]


@pytest.mark.parametrize(
    ("name", "hint"),
    [("quickstar", "; did you mean quickstart?"), ("configs/owls.json", "; did you mean owl?"), ("zzz", "")],
)
def test_a_name_that_is_none_is_refused_with_those_there_are(tmp_path, monkeypatch, name, hint):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as caught:
        HParams.load(name)
    known = ", ".join(config_names())
    message = f"{name}: No such file; expected a JSON file of hyperparameters, or one that ships: {known}{hint}"
    assert str(caught.value) == message
