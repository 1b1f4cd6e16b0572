"""The configurations in `configs/`: they load, say what they are for, and hold only what differs."""

import json

import pytest
from support import paths

from sketch_rnn_keras.hparams import HParams

CONFIGS = sorted((paths.ROOT / "configs").glob("*.json"))
OF_ONE_RUN = [path for path in CONFIGS if not path.stem.startswith("kl_")]  # the others: training/test_sweep.py


@pytest.mark.parametrize("path", OF_ONE_RUN, ids=lambda path: path.stem)
def test_a_config_says_how_to_run_it_what_it_needs_and_what_was_measured(path):
    description = HParams.load(path).description
    for part in (f"--config configs/{path.name}", "Data:", "Loss and time:"):
        assert part in description


@pytest.mark.parametrize("path", OF_ONE_RUN, ids=lambda path: path.stem)
def test_a_config_holds_only_what_differs_from_the_defaults(path):
    written, defaults = json.loads(path.read_text()), HParams().model_dump()
    assert [key for key, value in written.items() if value == defaults[key]] == []


def test_the_promised_configs_are_there():
    promised = {
        "quickstart": True,
        "cat": True,
        "flying_saucer": True,
        "aaron_sheep": True,
        "kanji": True,
        "owl": False,
    }
    conditional = {path.stem: HParams.load(path).conditional for path in OF_ONE_RUN}
    assert promised.items() <= conditional.items()
