"""Data sets of many drawings: how fast they open, are read and are made, and in how much memory.

Synthesises `--drawings` drawings, each one of `--data` with its points moved a little, in
`--folder`, which is removed afterwards; and `--lines` as ndjson, to be converted. Prints Markdown tables.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from harness import machine, median, table

SETTINGS = {"random_scale_factor": 0.15, "augment_stroke_prob": 0.1}
PIECE = 50_000  # drawings that are synthesised at once


def arguments():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--data", nargs="*", default=["doodles:cat"], help="what the drawings are made of")
    options.add_argument("--drawings", type=int, default=1_000_000)
    options.add_argument("--lines", type=int, default=100_000)
    options.add_argument("--folder", type=Path, default=Path("/tmp/sketch-rnn-many"), help="where there is room")
    options.add_argument("--batch-size", type=int, default=100)
    options.add_argument("--batches", type=int, default=1000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--keep", action="store_true", help="leave the drawings for the next run")
    options.add_argument("--measure", help=argparse.SUPPRESS)
    return options.parse_args()


def synthesise(options) -> tuple[Path, Path]:
    """The folder of many drawings, and the file of the drawings that they are made of."""
    from sketch_rnn_keras.data.chunks import chunk_of
    from sketch_rnn_keras.data.datasets import load_dataset
    from sketch_rnn_keras.data.folder_writing import write_folder
    from sketch_rnn_keras.data.npz import write_splits
    from sketch_rnn_keras.data.spool import Spool

    source = load_dataset(options.data).train
    small, large = options.folder / "small.npz", options.folder / "large"
    if large.exists():
        return small, large
    drawings = [drawing.astype(np.int16) for drawing in source]
    write_splits(small, {"train": drawings, "valid": drawings[:100], "test": drawings[:100]}, overwrite=True)
    names = [f"category {k}" for k in range(345)]
    with Spool(large, {"drawings": options.drawings}) as spool:
        for number in range(spool.done, -(-options.drawings // PIECE)):
            rng = np.random.default_rng(number)
            count = min(PIECE, options.drawings - number * PIECE)
            rows, lengths = source.gather(rng.integers(0, len(source), count))
            rows = rows.astype(np.int16)
            rows[:, :2] += rng.integers(-2, 3, (len(rows), 2), dtype=np.int16)
            categories = rng.integers(0, len(names), count)
            spool.add(chunk_of(rows, lengths, categories, np.full(count, -1, np.int8), names, {}))
        order = np.random.default_rng(0).permutation(len(spool.drawings()))
        held_out = len(order) // 100
        write_folder(
            large,
            spool,
            {"train": order[2 * held_out :], "valid": order[:held_out], "test": order[held_out : 2 * held_out]},
        )
    return small, large


def count_drawings(folder: Path) -> int:
    """Those that are there, which an earlier run with `--keep` may have made."""
    from sketch_rnn_keras.data.folders import read_manifest

    return sum(split.drawings for split in read_manifest(folder).splits.values())


def evict(path: Path) -> None:
    """Has the system forget what it holds of the files; nobody may have them open."""
    for file in path.iterdir() if path.is_dir() else [path]:
        handle = os.open(file, os.O_RDONLY)
        os.fsync(handle)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(handle)


def memory() -> dict[str, float]:
    """MiB of this process: what it holds itself, what it has mapped of files, the most of both so far."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return {name: int(lines[name].split()[0]) / 1024 for name in ("RssAnon", "RssFile", "VmHWM")}


def read(options, path: Path) -> dict:
    """Opens a data set and takes batches; run in a process of its own."""
    from sketch_rnn_keras.data.batches import random_batch
    from sketch_rnn_keras.data.datasets import load_dataset

    before = memory()
    start = time.perf_counter()
    data = load_dataset(path)
    opened = time.perf_counter() - start
    times = []
    for step in range(options.batches):
        rng = np.random.default_rng(step)
        start = time.perf_counter()
        random_batch(data.train, options.batch_size, data.max_seq_len, rng, scale_factor=data.scale_factor, **SETTINGS)
        times.append(time.perf_counter() - start)
    return {"opened": opened, "batch": median(times), "mean": float(np.mean(times)), "before": before, **memory()}


def child(options, name: str) -> dict:
    command = [sys.executable, __file__, "--measure", name, *sys.argv[1:]]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def write_lines(options) -> Path:
    """ndjson as Quick, Draw! has it."""
    from sketch_rnn_keras.data.datasets import load_dataset
    from sketch_rnn_keras.strokes import to_polylines

    path = options.folder / "lines.ndjson"
    drawings = load_dataset(options.folder / "small.npz").train
    lines = [
        json.dumps(
            {
                "word": f"w{k % 345}",
                "recognized": True,
                "drawing": [s.T.astype(int).tolist() for s in to_polylines(one)],
            }
        )
        for k, one in enumerate(drawings)
    ]
    with path.open("w") as file:
        for k in range(options.lines):
            file.write(lines[k % len(lines)] + "\n")
    return path


def convert(options, processes: int) -> dict:
    """Converts the lines; run in a process of its own."""
    from sketch_rnn_keras.conversion import convert as run

    start = time.perf_counter()
    run(options.folder / "lines.ndjson", options.folder / "converted", overwrite=True, processes=processes)
    seconds = time.perf_counter() - start
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    peaks = [memory()["VmHWM"], used[1].ru_maxrss / 1024]
    return {
        "seconds": seconds,
        "cpu": sum(one.ru_utime + one.ru_stime for one in used),
        "main": peaks[0],
        "worker": peaks[1],
    }


def measure(options) -> None:
    what, _, detail = options.measure.partition(":")
    result = convert(options, int(detail)) if what == "convert" else read(options, options.folder / detail)
    print(json.dumps(result))


def main():
    options = arguments()
    if options.measure:
        return measure(options)
    options.folder.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    small, large = synthesise(options)
    made, peak = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    size = sum(file.stat().st_size for file in large.iterdir())
    print(machine())
    print(f"{count_drawings(large):,} drawings, {size / 1e9:.2f} GB, made in {made:.0f} s, {peak:.0f} MiB at peak.")
    print(f"{options.rounds} rounds of {options.batches} batches of {options.batch_size}.\n")
    rows, results = [], {}
    for name, path, cold in (
        ("a file", small, False),
        ("the folder, cold", large, True),
        ("the folder, warm", large, False),
    ):
        rounds = []
        for _ in range(options.rounds):
            if cold:
                evict(path)
            rounds.append(child(options, f"read:{path.name}"))
        results[name] = median(one["batch"] for one in rounds)
        first = results["a file"]
        cells = [
            median(one[key] for one in rounds) for key in ("opened", "batch", "mean", "RssAnon", "RssFile", "VmHWM")
        ]
        rows.append(
            [name, f"{cells[0]:.3f}", f"{1e3 * cells[1]:.2f}", f"{1e3 * cells[2]:.2f}", f"{results[name] / first:.2f}"]
            + [f"{cell:.0f}" for cell in cells[3:]]
        )
    head = ["", "opens in s", "ms per batch, median", "mean", "times a file", "own MiB", "mapped MiB", "peak MiB"]
    print(table(head, rows), end="\n\n")
    lines = write_lines(options)
    print(f"{options.lines:,} lines of ndjson, {lines.stat().st_size / 1e6:.0f} MB, converted into a folder\n")
    rows = []
    for processes in (1, os.cpu_count() or 1):
        one = child(options, f"convert:{processes}")
        rows.append(
            [
                processes,
                f"{one['seconds']:.0f}",
                f"{one['cpu']:.0f}",
                f"{options.lines / one['seconds']:.0f}",
                f"{one['main']:.0f}",
                f"{one['worker']:.0f}",
            ]
        )
    print(table(["processes", "s", "of processors", "drawings/s", "peak MiB, main", "peak MiB, worker"], rows))
    if not options.keep:
        shutil.rmtree(options.folder)
    return None


if __name__ == "__main__":
    main()
