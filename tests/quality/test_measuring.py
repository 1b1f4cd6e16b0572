"""Sets of sketches beside real drawings: what is ranked as it must be, and what a row holds."""

import json

import numpy as np
import pytest
from support.tiny import tiny_model

from sketch_rnn_keras.data.datasets import load_dataset
from sketch_rnn_keras.data.doodles import make_splits
from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.quality import measuring, report
from sketch_rnn_keras.quality.controls import JITTER, copied, scribble
from sketch_rnn_keras.quality.recogniser import load_recogniser
from sketch_rnn_keras.strokes import bounds


@pytest.fixture(scope="module")
def cats():
    return load_dataset("doodles:cat:300")


@pytest.fixture(scope="module")
def recogniser():
    return load_recogniser()


@pytest.fixture(scope="module")
def judge(cats, recogniser):
    return measuring.Judge(cats, recogniser, ["cat"], count=150)


@pytest.fixture(scope="module")
def rows(judge):
    """By name, the row of each set whose place is known."""
    new = make_splits("cat", (0, 0, 150), seed=5)["test"]
    owls = make_splits("owl", (0, 0, 150), seed=5)["test"]
    sets = {"new cats": new, "owls": owls, "one cat": new[:1] * 150, "floor": judge.floor, **judge.controls()}
    sets["untrained"] = [np.array([[1.0, 0, 0], [0, 1.0, 1]])] * 75 + [np.zeros((0, 3))] * 75
    return {name: judge.measure(drawn) for name, drawn in sets.items()}


def test_what_is_ranked_worst_is_what_nobody_has_drawn(rows):
    for worst in ("scribbles", "untrained"):
        assert rows[worst]["recognised"] < 0.1
        assert rows[worst]["fid"] > 10 * rows["new cats"]["fid"]
        assert rows[worst]["kid"] > 10 * rows["new cats"]["kid"]
        assert rows[worst]["coverage"] < 0.1
        assert rows[worst]["near_copies"] < 0.1


def test_training_drawings_are_best_recognised_and_have_no_novelty(rows):
    for name in ("training drawings", "floor"):
        assert rows[name]["recognised"] == max(row["recognised"] for row in rows.values())
        assert rows[name]["novelty"] == 0
        assert rows[name]["near_copies"] == 1
    assert rows["new cats"]["novelty"] == pytest.approx(1, abs=0.15)
    assert rows["new cats"]["near_copies"] < 0.15


def test_a_copy_machine_is_as_good_as_real_drawings_in_all_but_that_it_copies(rows):
    copies = rows["copy machine"]
    assert copies["recognised"] > 0.97
    assert copies["fid"] < 3 * rows["new cats"]["fid"]
    assert copies["near_copies"] > 0.9
    assert copies["nearer"] > 0.95


def test_another_subject_is_told_by_recognition_and_distance(rows):
    assert rows["owls"]["recognised"] < 0.05
    assert rows["owls"]["shares"]["owl"] > 0.95
    assert rows["owls"]["precision"] < 0.1
    assert rows["owls"]["fid"] > 10 * rows["new cats"]["fid"]


def test_one_drawing_again_and_again_is_told_by_diversity_and_coverage(rows):
    same = rows["one cat"]
    assert same["recognised"] in (0, 1)
    assert same["diversity"] == pytest.approx(0, abs=1e-3)
    assert same["coverage"] < 0.2
    assert rows["new cats"]["diversity"] == pytest.approx(1, abs=0.2)


def test_a_row_counts_points_and_ends(judge):
    cats = [np.tile([[1.0, 2.0, 0.0], [3.0, -1.0, 1.0]], (n, 1)) for n in [5, 10, 15] * 50]
    row = judge.measure(cats, max_points=30)
    assert row["ended"] == pytest.approx(2 / 3)
    assert row["mean_points"] == 20
    assert row["empty"] == 0
    assert judge.measure(cats)["ended"] is None


def test_half_of_few_real_drawings_is_set_aside(cats, recogniser):
    judge = measuring.Judge(cats, recogniser, ["cat"], count=1000, split="test")
    assert (judge.count, len(judge.real), len(judge.floor)) == (50, 50, 50)
    assert len(judge.held_out) == 200
    together = {drawing.tobytes() for drawing in (*judge.real, *judge.floor)}
    assert together == {cats.test[k].tobytes() for k in range(100)}
    assert measuring.Judge(cats, recogniser, [], split="all").count == 250


def test_the_choice_of_real_drawings_is_the_seed_s(cats, recogniser, judge):
    again, other = (measuring.Judge(cats, recogniser, ["cat"], count=150, seed=seed) for seed in (0, 1))
    assert [each.tobytes() for each in again.real] == [each.tobytes() for each in judge.real]
    assert [each.tobytes() for each in other.real] != [each.tobytes() for each in judge.real]


def test_what_is_not_known_is_not_measured(cats, recogniser):
    judge = measuring.Judge(cats, recogniser, ["monkey"], count=20)
    row = judge.measure(judge.floor)
    assert (row["recognised"], row["confidence"], row["shares"]) == (None, None, None)
    assert "recognised" not in report.table([{"name": "floor", **row}])


@pytest.mark.parametrize(("split", "message"), [("tests", "split: expected one of train, valid, test, all")])
def test_an_unknown_split_is_refused(cats, recogniser, split, message):
    with pytest.raises(InputError, match=message):
        measuring.Judge(cats, recogniser, ["cat"], split=split)


def test_too_few_real_drawings_are_refused(recogniser):
    with pytest.raises(InputError, match="split train: expected at least 20 drawings, received 19"):
        measuring.Judge(load_dataset("doodles:cat:19"), recogniser, ["cat"])


# ------------------------------------------------------------------------------------------------------------ models


def test_models_are_measured_at_each_temperature(cats, recogniser):
    judge = measuring.Judge(cats, recogniser, ["cat"], count=16)
    model, told = tiny_model(end=-2.0), []
    rows = measuring.measure_model(judge, model, [0.2, 1.0], told.append)
    assert [row["temperature"] for row in rows] == [0.2, 1.0]
    assert told[-1] == 32
    assert told == sorted(told)
    assert all(row["sketches"] == 16 for row in rows)
    assert rows == measuring.measure_model(judge, model, [0.2, 1.0])
    json.dumps(rows)


def test_reconstructions_are_of_models_that_read(cats, recogniser, monkeypatch):
    judge = measuring.Judge(cats, recogniser, ["cat"], count=16)
    assert judge.reconstruction(tiny_model(end=-2.0, conditional=False)) is None
    model = tiny_model(end=-2.0, max_seq_len=80)
    model.scale_factor = None
    with pytest.raises(InputError, match="scale_factor: expected a model that knows its own"):
        judge.reconstruction(model)
    model.scale_factor = cats.scale_factor
    row = judge.reconstruction(model)
    assert row["drawings"] == 16
    assert 0 < row["drawn"] <= 16
    assert 0 <= row["top_1"] <= row["top_10"] <= 1
    assert row["frechet"] > row["chamfer"] > 0
    monkeypatch.setattr(measuring, "sample", lambda *_, z, **__: [np.zeros((0, 3))] * len(z))
    assert judge.reconstruction(model) is None  # it draws nothing


def test_an_untrained_model_has_the_size_of_another_and_none_of_its_weights():
    model = tiny_model()
    other = measuring.untrained(model)
    assert (other.hparams, other.scale_factor) == (model.hparams, model.scale_factor)
    kernel = other.output_head.kernel.numpy()
    assert kernel.shape == model.output_head.kernel.shape
    assert not np.allclose(kernel, model.output_head.kernel.numpy())


def test_without_held_out_drawings_copies_are_not_looked_for(recogniser, tmp_path):
    drawings = np.empty(40, object)
    drawings[:] = make_splits("cat", (40, 0, 0))["train"]
    none = np.empty(0, object)
    np.savez(tmp_path / "cats.npz", train=drawings, valid=none, test=none)
    judge = measuring.Judge(load_dataset(tmp_path / "cats.npz"), recogniser, ["cat"], count=10)
    row = judge.measure(judge.floor)
    assert [row[name] for name in ("near_copies", "nearer", "novelty")] == [None] * 3
    assert row["recognised"] == 1


# ---------------------------------------------------------------------------------------------------------- controls


def test_a_copy_strays_by_the_jitter_and_keeps_its_pen():
    cat = make_splits("cat", (1, 0, 0))["train"][0]
    copy = copied(cat, np.random.default_rng(0))
    strays = np.cumsum(copy[:, :2], axis=0) - np.cumsum(cat[:, :2], axis=0)
    assert strays.std() == pytest.approx(JITTER * max(bounds(cat)), rel=0.2)
    np.testing.assert_array_equal(copy[:, 2], cat[:, 2])


def test_scribbles_are_moves_in_another_order_or_at_random():
    cat = make_splits("cat", (1, 0, 0))["train"][0]
    rng = np.random.default_rng(0)
    made = [scribble(cat, rng) for _ in range(400)]
    rows = sorted(cat.tolist())
    shuffled = [sorted(each.tolist()) == rows for each in made]
    assert np.mean(shuffled) == pytest.approx(0.5, abs=0.1)
    lengths = np.array([len(each) for each in made])
    assert (lengths.min() >= 1, lengths.max()) == (True, len(cat))
    assert (lengths < len(cat)).mean() == pytest.approx(0.25, abs=0.1)


# ------------------------------------------------------------------------------------------------------------ report


def test_the_table_has_a_line_for_each_row(rows):
    named = [{"name": name, "temperature": None, **row} for name, row in rows.items()]
    lines = report.table(named).splitlines()
    assert len(lines) == 2 + len(rows)
    assert lines[0].startswith("| sketches | recognised | FID | ±")
    assert all(line.count("|") == lines[0].count("|") for line in lines)
    assert report.name_of({"name": "cat", "temperature": 0.4}) == "cat, τ = 0.4"


@pytest.mark.parametrize("suffix", [".svg", ".png"])
def test_the_plot_is_the_same_for_the_same_rows(rows, tmp_path, suffix):
    drawn = [{"name": "$a$ model", "temperature": t, **rows[n]} for t, n in ((0.2, "new cats"), (0.9, "owls"))]
    drawn.append({"name": "other real drawings", "temperature": None, **rows["floor"]})
    first, again = (report.plot(drawn, tmp_path / f"{k}{suffix}").read_bytes() for k in range(2))
    assert first == again
    if suffix == ".svg":
        assert b"other real drawings" in first
        assert b"$a$ model" in first
