"""Curves of trainings and of sweeps: what they hold, that they repeat to the byte, and what is refused."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.training import history
from sketch_rnn_keras.training.curves import PANELS, plot_tradeoff, plot_training


def write_run(path, steps=(10, 20, 30), splits=("train", "valid")):
    path.mkdir()
    rows = history.History(path / "history.csv")
    for step in steps:
        for split in splits:
            rows.append(step, split, dict.fromkeys(history.COLUMNS[2:], 0.1 * step))
    return path


def words(path):
    return [text for text in ElementTree.parse(path).getroot().itertext() if text.strip()]


def run_together(path):
    """All words of a picture without their spaces, which differ from one matplotlib to the next."""
    return "".join("".join(words(path)).split())


def test_training_curves_have_a_panel_for_every_quantity(tmp_path):
    text = run_together(plot_training([write_run(tmp_path / "run")], tmp_path / "a.svg"))
    titles = [title.split(" $")[0].replace(" ", "") for title in PANELS.values()]
    assert [title for title in titles if title not in text] == []


def test_every_run_is_named_literally_with_what_was_logged(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runs = [write_run(Path("_one")), write_run(tmp_path / "$two$", splits=("train",))]
    text = run_together(plot_training(runs, tmp_path / "a.svg"))
    assert [f"{run},training" in text for run in runs] == [True, True]
    assert [f"{run},validation" in text for run in runs] == [True, False]


def test_the_curves_say_why_validation_lies_below_training(tmp_path):
    assert "withtherun'sdropoutandaugmentation,whichisharder" in run_together(
        plot_training([write_run(tmp_path / "run")], tmp_path / "a.svg")
    )


def test_a_run_that_was_trained_can_be_plotted(trained_run, tmp_path):
    assert f"{trained_run.whole},validation" in run_together(plot_training([trained_run.whole], tmp_path / "a.svg"))


TRADEOFF = [
    {"data": data, "variant": variant, "L_R": -k, "L_KL": kl}
    for k, data in enumerate(["cat", "owl"])
    for variant, kl in (("w $\\foo$ 1", 0.25), ("w 0.5", 0.5), ("alone", None))
]


def test_a_tradeoff_names_data_sets_once_and_their_variants_at_each_point(tmp_path):
    shown = words(plot_tradeoff(TRADEOFF, tmp_path / "a.svg"))
    assert [shown.count(word) for word in ("cat", "owl", "w $\\foo$ 1", "w 0.5", "alone")] == [1, 1, 2, 2, 0]


def test_a_tradeoff_has_a_dashed_level_for_each_decoder_alone(tmp_path):
    root = ElementTree.parse(plot_tradeoff(TRADEOFF, tmp_path / "a.svg")).getroot()
    dashed = [element for element in root.iter() if "stroke-dasharray: 3" in element.get("style", "")]
    assert len(dashed) == 2


@pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf"])
@pytest.mark.parametrize("what", ["training", "tradeoff"])
def test_the_same_plot_is_the_same_bytes(tmp_path, suffix, what):
    run = write_run(tmp_path / "run")
    draw = {"training": lambda p: plot_training([run], p), "tradeoff": lambda p: plot_tradeoff(TRADEOFF, p)}[what]
    first, second = (draw(tmp_path / f"{name}{suffix}").read_bytes() for name in "ab")
    assert first == second
    assert len(first) > 1000


def a_run_without(tmp_path, what):
    path = tmp_path / "run"
    if what == "rows":
        write_run(path, steps=())
    elif what == "columns":
        path.mkdir()
        (path / "history.csv").write_text("step,split\n1,train\n")
    return path


@pytest.mark.parametrize(
    ("what", "message"),
    [("history", "received none"), ("rows", "not logged a step"), ("columns", "history of a training run")],
)
def test_a_run_without_curves_is_refused_and_nothing_is_drawn(tmp_path, what, message):
    with pytest.raises(InputError, match=message):
        plot_training([a_run_without(tmp_path, what)], tmp_path / "a.svg")
    assert not (tmp_path / "a.svg").exists()


def test_no_run_is_refused(tmp_path):
    with pytest.raises(InputError, match="at least one run"):
        plot_training([], tmp_path / "a.svg")
