"""Figures about a model: what they hold, that they repeat to the byte, and what is refused."""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from sketch_rnn_keras import HParams, InputError, SketchRNN
from sketch_rnn_keras.pictures.mixture_plot import plot_mixture
from sketch_rnn_keras.training import history
from sketch_rnn_keras.training.curves import PANELS, plot_tradeoff, plot_training

DRAWING = np.array([[4, 0, 0], [0, 4, 0], [-4, 0, 1], [1, 1, 1]], "float32")


def write_run(path, steps=(10, 20, 30), splits=("train", "valid")):
    path.mkdir()
    rows = history.History(path / "history.csv")
    for step in steps:
        for split in splits:
            rows.append(step, split, dict.fromkeys(history.COLUMNS[2:], 0.1 * step))
    return path


def words(path):
    return [text for text in ElementTree.parse(path).getroot().itertext() if text.strip()]


@pytest.fixture(scope="module")
def models():
    sizes = {"enc_rnn_size": 6, "dec_rnn_size": 7, "z_size": 5, "num_mixture": 3, "max_seq_len": 12}
    return [SketchRNN(HParams(**sizes, conditional=c), scale_factor=4.0) for c in (True, False)]


def test_training_curves_have_a_panel_for_every_quantity_and_a_name_for_every_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runs = [write_run(Path("_one")), write_run(tmp_path / "$two$", splits=("train",))]
    text = "".join("".join(words(plot_training(runs, tmp_path / "a.svg"))).split())
    assert all(title.split(" $")[0].replace(" ", "") in text for title in PANELS.values())
    assert all(f"{run},training" in text for run in runs)
    assert f"{runs[0]},validation" in text
    assert f"{runs[1]},validation" not in text


def test_a_tradeoff_has_a_line_for_each_data_set_and_a_level_for_decoders_alone(tmp_path):
    rows = [
        {"data": data, "variant": variant, "L_R": -k, "L_KL": kl}
        for k, data in enumerate(["cat", "owl"])
        for variant, kl in (("w $\\foo$ 1", 0.25), ("w 0.5", 0.5), ("alone", None))
    ]
    root = ElementTree.parse(plot_tradeoff(rows, tmp_path / "a.svg")).getroot()
    shown = words(tmp_path / "a.svg")
    assert [shown.count(word) for word in ("cat", "owl", "w $\\foo$ 1", "w 0.5", "alone")] == [1, 1, 2, 2, 0]
    dashed = [element for element in root.iter() if "stroke-dasharray: 3" in element.get("style", "")]
    assert len(dashed) == 2


@pytest.mark.parametrize("suffix", [".svg", ".png"])
def test_the_same_plot_is_the_same_bytes(tmp_path, suffix, models):
    run = write_run(tmp_path / "run")
    for draw in (lambda p: plot_training([run], p), lambda p: plot_mixture(models[0], DRAWING, 2, p)):
        first, second = (draw(tmp_path / f"{name}{suffix}").read_bytes() for name in "ab")
        assert first == second
        assert len(first) > 1000


def test_runs_without_a_history_are_named(tmp_path):
    empty = write_run(tmp_path / "empty", steps=())
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "history.csv").write_text("step,split\n1,train\n")
    for run, message in (("missing", "found none"), (empty, "not logged a step"), ("odd", "history of a training run")):
        with pytest.raises(InputError, match=message):
            plot_training([tmp_path / run], tmp_path / "a.svg")
    with pytest.raises(InputError, match="at least one run"):
        plot_training([], tmp_path / "a.svg")
    assert not (tmp_path / "a.svg").exists()


@pytest.mark.parametrize("step", [0, 2, 4])
@pytest.mark.parametrize("conditional", [True, False])
def test_what_the_model_expects_is_drawn_at_every_step(tmp_path, models, conditional, step):
    shown = words(plot_mixture(models[not conditional], DRAWING, step, tmp_path / "a.svg"))
    assert f"after {step} of 4 points" in shown
    percentages = [float(word.removesuffix(" %")) for word in shown if word.endswith(" %")]
    assert len(percentages) == 3
    assert sum(percentages) == pytest.approx(100, abs=0.2)


@pytest.mark.parametrize("step", [-1, 5, 1.5, True])
def test_a_step_outside_the_drawing_is_refused(tmp_path, models, step):
    with pytest.raises(InputError, match="from 0 to 4"):
        plot_mixture(models[0], DRAWING, step, tmp_path / "a.svg")


def test_a_drawing_longer_than_the_model_knows_is_refused(tmp_path, models):
    with pytest.raises(InputError, match="at most 12 points, received 13"):
        plot_mixture(models[1], np.ones((13, 3)), 1, tmp_path / "a.svg")
