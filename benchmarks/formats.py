"""Where the drawings of a large data set could lie: a batch of 100 from each of four formats.

Each is written from the same folder of ours, `--data`, and opened anew; the contenders take turns. `pip install pyarrow
zarr array_record` for the others, which the package does not need. Prints a Markdown table.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from harness import has, machine, median, table

Gather = Callable[[np.ndarray], np.ndarray]
SOME = 50_000  # drawings that are written at once


def ours(path: Path, split) -> tuple[Path, Callable[[], Gather]]:
    from sketch_rnn_keras.data.datasets import load_split

    def opened() -> Gather:
        stored = load_split(path, "train")
        return lambda indices: stored.gather(indices)[0]

    return path, opened


def arrow(path: Path, split) -> tuple[Path, Callable[[], Gather]]:
    import pyarrow as pa

    kind = pa.list_(pa.list_(pa.int16(), 3))
    with pa.OSFile(str(path / "a.arrow"), "wb") as sink, pa.ipc.new_file(sink, pa.schema([("rows", kind)])) as writer:
        for rows, lengths in pieces(split):
            points = pa.FixedSizeListArray.from_arrays(pa.array(rows.ravel()), 3)
            lists = pa.ListArray.from_arrays(np.append(0, np.cumsum(lengths)).astype(np.int32), points)
            writer.write_batch(pa.record_batch([lists], names=["rows"]))

    def opened() -> Gather:
        column = pa.ipc.open_file(pa.memory_map(str(path / "a.arrow"))).read_all()["rows"]
        return lambda indices: floats(column.take(indices).combine_chunks().flatten().flatten().to_numpy())

    return path / "a.arrow", opened


def zarr(path: Path, split) -> tuple[Path, Callable[[], Gather]]:
    import zarr as library

    target = path / "a.zarr"
    total = int(np.sum(split.lengths, dtype=np.int64))
    array = library.create_array(str(target), shape=(total, 3), chunks=(2**14, 3), dtype="int16")
    first = 0
    for rows, _ in pieces(split):
        array[first : first + len(rows)] = rows
        first += len(rows)
    ends = np.cumsum(split.lengths, dtype=np.int64)

    def opened() -> Gather:
        stored = library.open_array(str(target), mode="r")
        return lambda indices: floats(
            np.concatenate([stored[ends[k] - split.lengths[k] : ends[k]] for k in indices.tolist()])
        )

    return target, opened


def array_record(path: Path, split) -> tuple[Path, Callable[[], Gather]]:
    from array_record.python.array_record_module import ArrayRecordReader, ArrayRecordWriter

    target = path / "a.array_record"
    writer = ArrayRecordWriter(str(target), "group_size:1")
    for rows, lengths in pieces(split):
        for drawing in np.split(rows, np.cumsum(lengths)[:-1]):
            writer.write(drawing.tobytes())
    writer.close()

    def opened() -> Gather:
        reader = ArrayRecordReader(str(target))
        return lambda indices: floats(np.frombuffer(b"".join(reader.read(indices.tolist())), np.int16))

    return target, opened


def floats(numbers: np.ndarray) -> np.ndarray:
    return numbers.reshape(-1, 3).astype(np.float32)


def pieces(split):
    for first in range(0, len(split), SOME):
        rows, lengths = split.gather(np.arange(first, min(first + SOME, len(split))))
        yield rows.astype(np.int16), lengths


def size(path: Path) -> int:
    files = [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files)


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--data", type=Path, required=True, help="a folder that sketch-rnn convert has made")
    options.add_argument("--batches", type=int, default=300)
    options = options.parse_args()
    from sketch_rnn_keras.data.datasets import load_split

    split = load_split(options.data, "train")
    contenders = {"plain .npy, ours": (ours, None), "Arrow IPC, mapped": (arrow, "pyarrow"), "zarr": (zarr, "zarr")}
    contenders["array_record"] = (array_record, "array_record")
    with tempfile.TemporaryDirectory() as folder:
        ready, rows = {}, []
        for name, (write, module) in contenders.items():
            if module and not has(module):
                continue
            start = time.perf_counter()
            path, opened = write(options.data if write is ours else Path(folder), split)
            written = time.perf_counter() - start
            start = time.perf_counter()
            gather = opened()
            ready[name] = (gather, [])
            rows.append([name, f"{size(path) / 1e6:.0f}", f"{written:.0f}", f"{time.perf_counter() - start:.3f}"])
        for step in range(options.batches):
            indices = np.random.default_rng(step).choice(len(split), 100, replace=False)
            for gather, times in ready.values():
                start = time.perf_counter()
                found = gather(indices)
                times.append(time.perf_counter() - start)
                assert np.array_equal(found, split.gather(indices)[0])
        print(machine())
        print(f"{len(split):,} drawings, medians of {options.batches} batches of 100\n")
        for row, (_, times) in zip(rows, ready.values(), strict=True):
            row.append(f"{1e3 * median(times):.2f}")
        rows[0][2] = ""
        print(table(["format", "MB", "written in s", "opens in s", "ms to gather a batch"], rows))


if __name__ == "__main__":
    main()
