"""A training of many steps: does its process grow?

    python -m torture.soak --steps 100000      (in tests/; some minutes, Linux)

A tiny model of tiny drawings, validated, drawn, saved and logged as any other. Prints resident memory, without what
other processes share, and open files as it goes, and the slope of memory by least squares over all but the first fifth,
in which everything is compiled. Ends with status 1 if that says more than 1 MiB in 10,000 steps, or if files stay open.
"""

import argparse
import os
import re
import sys
import tempfile
from pathlib import Path

import numpy as np
from support.tiny import tiny_drawings, tiny_hparams

MOST_GROWTH = 1.0  # MiB in 10,000 steps


class Meter:
    """A reporter that measures its process at every step of a multiple.

    Attributes:
        rows: step, resident MiB, open files.
    """

    def __init__(self, every: int):
        self.rows: list[tuple[int, float, int]] = []
        self._every = every

    def record(self, step: int, split: str, values: dict[str, float]) -> None:
        """Losses are not looked at."""

    def step(self, step: int) -> None:
        if step % self._every == 0:
            status = Path("/proc/self/status").read_text()
            resident = int(re.search(r"RssAnon:\s+(\d+) kB", status)[1]) / 1024
            self.rows.append((step, resident, len(os.listdir("/proc/self/fd"))))
            print("step {:7,}  resident {:7.1f} MiB  open files {}".format(*self.rows[-1]), flush=True)


def growth(rows: list[tuple[int, float, int]]) -> float:
    """MiB in 10,000 steps, over all but the first fifth."""
    steps, resident = np.array([row[:2] for row in rows[len(rows) // 5 :]]).T
    return float(np.polyfit(steps, resident, 1)[0]) * 10_000


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=100_000)
    steps = parser.parse_args().steps
    from sketch_rnn_keras.data.datasets import load_dataset
    from sketch_rnn_keras.data.npz import write_splits
    from sketch_rnn_keras.training.loop import train

    hparams = tiny_hparams(num_steps=steps, save_every=max(steps // 100, 1), log_every=100)
    meter = Meter(max(steps // 50, 1))
    with tempfile.TemporaryDirectory() as folder:
        splits = {split: tiny_drawings(60, seed=k) for k, split in enumerate(("train", "valid", "test"))}
        dataset = load_dataset(write_splits(Path(folder) / "drawings.npz", splits))
        train(hparams, dataset, Path(folder) / "run", reporter=meter)
    slope, files = growth(meter.rows), [row[2] for row in meter.rows]
    print(f"{steps:,} steps: memory grows by {slope:+.3f} MiB in 10,000 steps; open files {min(files)} to {max(files)}")
    sys.exit(slope > MOST_GROWTH or max(files) > files[0])


if __name__ == "__main__":
    main()
