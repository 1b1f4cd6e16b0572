"""Training: that it learns, what its steps are given, when it logs and saves, and which model is the best."""

import json
from dataclasses import asdict

import numpy as np
import pytest
from support.tiny_run import HPARAMS, NUM_STEPS, SAVE_EVERY, arrays, one_dot, without_validation

from sketch_rnn_keras.errors import InputError, TrainingError
from sketch_rnn_keras.loading import load_model
from sketch_rnn_keras.model import schedules
from sketch_rnn_keras.training import history, loop
from sketch_rnn_keras.training.checkpoint import Progress
from sketch_rnn_keras.training.loop import train
from sketch_rnn_keras.training.run_directory import last_step

# ------------------------------------------------------------------------------------------------ a whole training


def test_the_cost_falls(trained_run):
    rows = history.read(trained_run.whole / "history.csv")
    costs = [float(row["cost"]) for row in rows if row["split"] == "train"]
    assert np.mean(costs[-10:]) < np.mean(costs[:3]) - 0.3


def test_every_step_and_every_validation_is_in_the_history(trained_run):
    rows = history.read(trained_run.whole / "history.csv")
    expected = [(step, "train") for step in range(1, NUM_STEPS + 1)]
    expected += [(step, "valid") for step in range(SAVE_EVERY, NUM_STEPS + 1, SAVE_EVERY)]
    assert [(int(row["step"]), row["split"]) for row in rows] == sorted(expected)


def test_the_losses_of_a_row_add_up(trained_run):
    for row in history.read(trained_run.whole / "history.csv"):
        value = {key: float(text) for key, text in row.items() if key != "split"}
        assert value["recon"] == pytest.approx(value["offset"] + value["pen"], abs=1e-5)
        assert value["recon_masked"] == pytest.approx(value["offset"] + value["pen_masked"], abs=1e-5)
        assert value["cost"] == pytest.approx(value["recon"] + value["kl_weight"] * value["kl"], abs=1e-9)


def test_the_kl_of_a_row_has_its_floor(trained_run):
    for row in history.read(trained_run.whole / "history.csv"):
        floored = max(float(row["kl_raw"]), HPARAMS.kl_tolerance)
        if row["split"] == "train":
            assert float(row["kl"]) == pytest.approx(floored)
        else:  # a validation averages what is floored batch by batch
            assert float(row["kl"]) >= floored - 1e-6


def test_the_schedules_are_those_of_each_step(trained_run):
    for row in history.read(trained_run.whole / "history.csv"):
        step = int(row["step"])
        assert float(row["learning_rate"]) == schedules.learning_rate(step - 1, HPARAMS)
        weight_step = step - 1 if row["split"] == "train" else step
        assert float(row["kl_weight"]) == schedules.kl_weight(weight_step, HPARAMS)


def test_the_reporter_hears_what_the_history_holds(trained_run):
    rows = history.read(trained_run.whole / "history.csv")
    assert [(str(step), split) for step, split, _ in trained_run.records] == [(r["step"], r["split"]) for r in rows]
    assert [values["cost"] for *_, values in trained_run.records] == [float(row["cost"]) for row in rows]


def test_the_reporter_hears_of_every_step(trained_run):
    assert trained_run.steps == list(range(1, NUM_STEPS + 1))


def test_the_last_checkpoint_is_the_model_returned(trained_run):
    last = arrays(trained_run.whole / "checkpoints" / "last.npz")
    assert trained_run.returned
    for path, value in trained_run.returned.items():
        np.testing.assert_array_equal(last[f"weights/{path}"], value)


def test_the_best_checkpoint_is_the_saved_model(trained_run, data):
    best, model = arrays(trained_run.whole / "checkpoints" / "best.npz"), load_model(trained_run.whole)
    assert model.scale_factor == data.scale_factor
    for variable in model.trainable_variables:
        np.testing.assert_array_equal(best[f"weights/{variable.path}"], variable.numpy())


def test_the_best_checkpoint_knows_its_validation(trained_run):
    progress = json.loads(str(arrays(trained_run.whole / "checkpoints" / "best.npz")["progress"]))
    assert progress["best_step"] == progress["step"]
    rows = history.read(trained_run.whole / "history.csv")
    (row,) = [row for row in rows if (int(row["step"]), row["split"]) == (progress["step"], "valid")]
    assert (progress["best_recon"], progress["best_kl"]) == (float(row["recon"]), float(row["kl"]))


@pytest.mark.tensorflow
def test_a_decoder_alone_of_another_cell_trains(data, tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "sample", one_dot)
    hparams = HPARAMS.replace(conditional=False, dec_model="hyper", num_steps=2)
    model = train(hparams, without_validation(data), tmp_path / "run")
    rows = history.read(tmp_path / "run" / "history.csv")
    assert [row["step"] for row in rows] == ["1", "2"]
    assert {float(row["kl"]) for row in rows} == {0.0}
    assert rows[0]["recon"] != rows[1]["recon"]
    assert load_model(tmp_path / "run").count_params() == model.count_params()


# ------------------------------------------------------------------------------------------- what a step is given


def test_a_step_is_given_a_batch_noise_a_seed_and_the_schedules(stand_in, data, tmp_path):
    train(HPARAMS.replace(num_steps=8), data, tmp_path / "run")
    strokes, lengths, noises, _, weights, rates = zip(*stand_in.calls, strict=True)
    assert {(batch.shape, batch.dtype.name) for batch in strokes} == {((4, data.max_seq_len + 1, 5), "float32")}
    assert {(n.shape, n.dtype.name) for n in lengths} == {((4,), "int32")}
    assert {(noise.shape, noise.dtype.name) for noise in noises} == {((4, 3), "float32")}
    np.testing.assert_allclose(weights, [schedules.kl_weight(step, HPARAMS) for step in range(8)])
    np.testing.assert_allclose(rates, [schedules.learning_rate(step, HPARAMS) for step in range(8)], rtol=1e-6)


def test_each_step_is_given_another_batch_noise_and_seed(stand_in, data, tmp_path):
    train(HPARAMS.replace(num_steps=8), data, tmp_path / "run")
    strokes, _, noises, seeds, *_ = zip(*stand_in.calls, strict=True)
    for values in (strokes, noises, seeds):
        assert len({np.asarray(value).tobytes() for value in values}) == 8


def test_a_batch_is_in_model_units(stand_in, data, tmp_path):
    hparams = HPARAMS.replace(num_steps=8, random_scale_factor=0.0, augment_stroke_prob=0.0)
    train(hparams, data, tmp_path / "run")
    drawings = [data.train[k] / np.float32([data.scale_factor, data.scale_factor, 1]) for k in range(len(data.train))]
    for strokes, lengths, *_ in stand_in.calls:
        for rows, n in zip(strokes, lengths, strict=True):
            assert any(len(one) == n and np.allclose(rows[1 : n + 1, :2], one[:, :2], atol=1e-5) for one in drawings)


def calls_of(stand_in, data, path, **changes):
    stand_in.calls = []
    train(HPARAMS.replace(num_steps=13, **changes), data, path)
    return stand_in.calls


def test_what_a_step_is_given_depends_on_the_seed(stand_in, data, tmp_path):
    one, other = (calls_of(stand_in, data, tmp_path / f"{seed}", seed=seed) for seed in (0, 1))
    for ours, others in zip(one, other, strict=True):
        assert all(not np.array_equal(ours[i], others[i]) for i in (0, 2, 3))


def test_what_a_step_is_given_does_not_depend_on_an_interruption(stand_in, data, tmp_path):
    whole = calls_of(stand_in, data, tmp_path / "whole")
    stand_in.calls = []
    train(HPARAMS.replace(num_steps=10), data, tmp_path / "run")
    train(HPARAMS.replace(num_steps=13), data, tmp_path / "run", resume=True)
    for ours, others in zip(stand_in.calls, whole, strict=True):
        for value, other in zip(ours, others, strict=True):
            np.testing.assert_array_equal(value, other)


# --------------------------------------------------------------------------------------- logs, checkpoints, the best


def test_the_first_step_and_each_of_log_every_are_logged_and_each_of_save_every_and_the_last_validated(
    stand_in, data, tmp_path
):
    train(HPARAMS.replace(num_steps=25, log_every=7), data, tmp_path / "run")
    rows = [(int(row["step"]), row["split"]) for row in history.read(tmp_path / "run" / "history.csv")]
    logged, validated = (1, 7, 14, 21), (10, 20, 25)
    assert rows == sorted([(step, "train") for step in logged] + [(step, "valid") for step in validated])


def test_every_validation_leaves_a_picture(stand_in, data, tmp_path):
    train(HPARAMS.replace(num_steps=25), data, tmp_path / "run")
    pictures = sorted(path.name for path in (tmp_path / "run" / "samples").iterdir())
    assert pictures == [f"step_{step:08d}.svg" for step in (10, 20, 25)]


def test_the_best_checkpoint_is_judged_at_the_weight_of_now(stand_in, data, tmp_path):
    """Step 20 costs more than step 10 did in its own time, and less at the weight that step 20 has."""
    stand_in.validations = {10: {"recon": 1.0, "kl": 2.0}, 20: {"recon": 1.2, "kl": 1.0}, 30: {"recon": 1.3, "kl": 1.0}}
    hparams = HPARAMS.replace(num_steps=30, kl_weight_start=0.01, kl_weight=0.5, kl_decay_rate=0.95)
    w10, w20 = (schedules.kl_weight(step, hparams) for step in (10, 20))
    assert 1.2 + w20 * 1.0 > 1.0 + w10 * 2.0
    assert 1.2 + w20 * 1.0 < 1.0 + w20 * 2.0
    model = train(hparams, data, tmp_path / "run")
    best, last = (arrays(tmp_path / "run" / "checkpoints" / name) for name in ("best.npz", "last.npz"))
    progress = json.loads(str(last["progress"]))
    assert progress == asdict(Progress(step=30, best_step=20, best_recon=1.2, best_kl=1.0))
    bias = model.output_head.bias.numpy()
    np.testing.assert_allclose(best[f"weights/{model.output_head.bias.path}"], bias - 10, atol=1e-5)
    np.testing.assert_allclose(load_model(tmp_path / "run").output_head.bias.numpy(), bias - 10, atol=1e-5)


def test_without_validation_drawings_the_last_is_the_best(stand_in, data, tmp_path):
    train(HPARAMS.replace(num_steps=20), without_validation(data), tmp_path / "run")
    best, last = (arrays(tmp_path / "run" / "checkpoints" / name) for name in ("best.npz", "last.npz"))
    np.testing.assert_equal(best, last)
    assert {row["split"] for row in history.read(tmp_path / "run" / "history.csv")} == {"train"}


@pytest.mark.parametrize(("split", "step"), [("train", 17), ("valid", 20)])
def test_a_divergence_keeps_the_last_checkpoint_and_leaves_no_row(stand_in, data, tmp_path, split, step):
    losses = {step: {"recon": float("nan"), "offset": float("inf")}}
    setattr(stand_in, {"train": "terms", "valid": "validations"}[split], losses)
    with pytest.raises(TrainingError, match=f"the {split} cost at step {step} is not finite.*learning_rate"):
        train(HPARAMS, data, tmp_path / "run")
    assert last_step(tmp_path / "run") == 10
    rows = history.read(tmp_path / "run" / "history.csv")
    assert all(np.isfinite(float(row["cost"])) for row in rows)


def test_weights_that_are_not_finite_are_not_saved(stand_in, data, tmp_path):
    stand_in.growth = 1e37  # the bias passes the largest float32 at step 35
    with pytest.raises(TrainingError, match="output_head/bias is not finite after step 40"):
        train(HPARAMS, without_validation(data), tmp_path / "run")
    assert last_step(tmp_path / "run") == 30


# -------------------------------------------------------------------------------------------------------- refusals


def test_a_batch_larger_than_the_data_is_refused(data, tmp_path):
    with pytest.raises(InputError, match=f"^batch_size: .*batch_size={len(data.train)}$"):
        train(HPARAMS.replace(batch_size=500), data, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_model_that_is_not_for_training_is_refused(data, tmp_path):
    with pytest.raises(InputError, match="^is_training: "):
        train(HPARAMS.replace(is_training=False), data, tmp_path / "run")
    assert not (tmp_path / "run").exists()
