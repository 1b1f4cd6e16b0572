"""What came of a training, for `sketch-rnn info`. Enters: a run directory. Leaves: text, with the cost's curve."""

import datetime
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..hparams import HParams
from ..training import clock
from ..training.history import read_columns
from ..training.run_directory import Progress, RunDirectory

WIDTH = 60  # characters of a curve
BLOCKS, PLAIN = "▁▂▃▄▅▆▇█", "_.-~=+*#"  # from low to high; the latter where a terminal cannot show the former


def describe_run(run_dir: Path) -> str:
    """Steps, the best validation, time and the curve of the cost, in a few lines."""
    run = RunDirectory(run_dir)
    splits = read_columns(run.history, ("step", "cost", "recon", "kl_raw"))
    progress = run.progress() if run.is_begun() else Progress()
    logged = int(max(columns["step"].max() for columns in splits.values() if len(columns["step"])))
    step = max(logged, progress.step)
    num_steps = HParams.from_dict(run.read_config(), str(run.config)).num_steps
    saved = "" if progress.step == step else f", saved at step {progress.step:,}"
    lines = [f"steps  {step:,} of {num_steps:,}{saved}"]
    [places] = np.nonzero(splits["valid"]["step"] == progress.best_step)
    if len(places):
        losses = {name: values[places[-1]] for name, values in splits["valid"].items()}
        text = f"cost {losses['cost']:+.3f}  recon {losses['recon']:+.3f}  kl {losses['kl_raw']:.3f}"
        lines.append(f"best   step {progress.best_step:,}: valid  {text}")
    else:
        lines.append("best   no validation yet")
    seconds = clock.read(run.path / clock.CLOCK)
    if seconds is not None:
        lines.append(f"time   {datetime.timedelta(seconds=round(seconds))} (hours:minutes:seconds)")
    return "\n".join([*lines, *_cost_curves(splits, step)])


def _cost_curves(splits: dict[str, dict[str, np.ndarray]], last_step: int) -> list[str]:
    """A line for each split that has costs, both on one scale; the few highest costs, of the beginning, are cut."""
    curves = {
        split: _columns(columns["step"], columns["cost"], last_step)
        for split, columns in splits.items()
        if len(columns["step"])
    }
    values = np.concatenate(list(curves.values()))
    low, high = np.nanmin(values), np.nanpercentile(values, 90)
    lines = []
    for split, curve in curves.items():
        first, last = splits[split]["cost"][[0, -1]]
        lines.append(f"cost   {split} {_bars(curve, low, high)} {first:+.3f} to {last:+.3f}")
    return lines


def _columns(steps: np.ndarray, costs: np.ndarray, last_step: int) -> np.ndarray:
    """The mean cost in each of `WIDTH` equal parts of the training; NaN before the first, then without gaps."""
    part = np.ceil(steps / last_step * WIDTH).astype(int) - 1
    counts = np.bincount(part, minlength=WIDTH)
    [known] = np.nonzero(counts)
    means = np.bincount(part, costs, WIDTH)[known] / counts[known]
    return np.interp(np.arange(WIDTH), known, means, left=np.nan)


def _bars(curve: Sequence[float] | np.ndarray, low: float, high: float) -> str:
    blocks = BLOCKS if _can_show(BLOCKS) else PLAIN
    shares = np.clip((np.asarray(curve) - low) / max(high - low, 1e-9), 0, 1)
    return "".join(" " if np.isnan(share) else blocks[round(share * (len(blocks) - 1))] for share in shares)


def _can_show(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True
