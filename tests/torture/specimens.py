"""What is spoilt: an intact folder of each kind, and how its files are spoilt.

Enters: an empty folder. Leaves: in it a folder of each kind, made with the package itself; or, of one of those, a copy
that is spoilt.
"""

import contextlib
import json
import os
import random
import shutil
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from support import conversion_files, magenta, sketch_js, tiny_run
from support.data_files import make_drawings, write_data
from support.paths import ROOT
from support.tiny import tiny_model
from torture import readers
from torture.archives import spoil_npy, spoil_zip
from torture.binaries import spoil_hdf5, spoil_index
from torture.damage import Damage, spoil_bytes, spoil_csv, spoil_json, spoil_ndjson, spoil_svg

_SPOIL_ARRAYS = spoil_zip({".npy": spoil_npy})
_SPOIL_KERAS = spoil_zip({".json": spoil_json, ".h5": spoil_hdf5})
DAMAGES: Mapping[str, Damage] = {  # by the end of a file's name, the first that fits
    ".ndjson": spoil_ndjson,
    ".jsonl": spoil_ndjson,
    ".npy": spoil_npy,
    ".json": spoil_json,
    ".lock": spoil_json,
    ".npz": _SPOIL_ARRAYS,
    ".keras": _SPOIL_KERAS,
    ".h5": spoil_hdf5,
    ".csv": spoil_csv,
    ".svg": spoil_svg,
    ".index": spoil_index,
    "": spoil_bytes,
}
_LEFT_ALONE = ("a.npz", "a.ndjson", ".data-00000-of-00001")  # of several files: other kinds are about them
_SHARED = tiny_run.HPARAMS.model_dump(exclude={"data_set", "max_seq_len"})
PLAN = {
    "hparams": _SHARED | {"num_steps": 2, "save_every": 2, "log_every": 1},
    "data_sets": {"cats": ["doodles:cat:60"]},
    "variants": {"w_KL = 1": {"kl_weight": 1.0}, "decoder only": {"conditional": False}},
    "per_data_set": {"cats": {"batch_size": 3}},
    "description": "a sweep",
}
SVG = """<?xml version="1.0"?>
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="20mm"
 height="100" viewBox="0 0 90 90">
<style>.pen { stroke: red; fill: none } #b { stroke-width: 2 }</style>
<rect x="0" y="0" width="90" height="90" rx="3" fill="white"/>
<g id="a" class="pen" transform="translate(1 2) rotate(30)" style="stroke:black">
<path d="M 10 10 L 30 40 C 1 2 3 4 5 6 S 9 9 8 7 Q 1 1 2 2 T 3 4 A 5 6 30 0 1 20 20 z m 3 3 h 4 v 5"/>
<polyline points="1,2 3,4 5,6" id="b"/><circle cx="9" cy="9" r="4"/><line x1="1" y1="2" x2="30%" y2="4"/></g>
<use xlink:href="#a" x="3" y="4"/><symbol id="c" viewBox="0 0 9 9"><ellipse cx="4" cy="4" rx="3" ry="2"/></symbol>
<use href="#c" width="20" height="20"/><text x="1">a</text></svg>
"""


class Specimen(NamedTuple):
    """A kind of input.

    Attributes:
        make: writes it, intact, into a folder.
        readers: names of `readers.READERS`; each gets the folder.
    """

    make: Callable[[Path], object]
    readers: tuple[str, ...]


def _arrays(folder: Path) -> None:
    from sketch_rnn_keras.data.npz import write_splits

    write_splits(folder / "a.npz", {split: make_drawings(1, [3, 5]) for split in ("train", "valid", "test")}, "arrays")


def _plain_arrays(folder: Path) -> None:
    drawings = np.stack(make_drawings(1, [4, 4]))
    np.savez(folder / "a.npz", train=drawings, valid=drawings, test=drawings.astype(">f4"))


def _download(folder: Path) -> None:
    from sketch_rnn_keras.files.records import digest, write_record

    path = write_data(folder / "a.npz")
    size, sha256 = path.stat().st_size, digest(path).hex()
    write_record(path, {"url": "http://127.0.0.1:9/a.npz", "validator": '"v1"', "size": size, "sha256": sha256})


def _folder(folder: Path) -> None:
    from sketch_rnn_keras.conversion import convert

    convert(write_data(folder / "a.npz"), folder / "cats")
    (folder / "a.npz").unlink()


def _interrupted(folder: Path) -> None:
    """One that was left when all had been read and nothing written."""
    from sketch_rnn_keras.conversion import convert

    def interrupt(share: float) -> None:
        raise KeyboardInterrupt

    _lines(folder)
    with contextlib.suppress(KeyboardInterrupt):
        convert(folder / "a.ndjson", folder / "out.npz", splits=(1, 0, 0), progress=interrupt)


def _presets(folder: Path) -> None:
    shutil.copy(ROOT / "sketch_rnn_keras" / "files" / "presets" / "presets.json", folder)


def _keras_folder(folder: Path) -> None:
    tiny_model().save(folder / "a.keras")
    with zipfile.ZipFile(folder / "a.keras") as archive:
        archive.extractall(folder / "model")
    (folder / "a.keras").unlink()


def _run(folder: Path) -> None:
    """One that was left at step 2 of 4."""
    from sketch_rnn_keras.training import loop

    hparams = tiny_run.HPARAMS.replace(num_steps=2, save_every=1, log_every=1)
    loop.train(hparams, tiny_run.load_data(), folder / "run", verbose=0)
    for path in (folder / "run").glob("samples/*"):
        path.unlink()
    (folder / "run" / ".lock").write_text('{"host": "here", "process": 1}')


def _young_run(folder: Path) -> None:
    """One that no validation has chosen a model of."""
    _run(folder)
    (folder / "run" / "model.keras").unlink()


def _sweep(folder: Path) -> None:
    from sketch_rnn_keras.training import sweep

    (folder / "plan.json").write_text(json.dumps(PLAN))
    sweep.run(sweep.Plan.load(folder / "plan.json"), folder / "sweep")


def _recogniser(folder: Path) -> None:
    from sketch_rnn_keras.quality.recogniser import Recogniser

    Recogniser(["cat", "owl", "scribble"]).save(folder / "a.npz")


def _magenta(folder: Path) -> None:
    magenta.write(folder / "checkpoint", tiny_model(num_mixture=2), step=7)


def _drawings(name: str) -> Callable[[Path], object]:
    contents = {
        "a.json": json.dumps([[[1, 2, 30], [4, 5.5, 6]], [[7, 8], [9, 100]]]).encode(),
        "a.svg": SVG.encode(),
        "a.bin": b"".join(
            bytes(8) + b"DE\x01" + bytes(4) + b"\x01\x00\x03\x00" + bytes([0, 9, 200, 5, n, 7]) for n in range(9)
        ),
    }
    return lambda folder: (folder / name).write_bytes(contents[name])


def _lines(folder: Path) -> None:
    drawings = conversion_files.random_drawings(6)
    conversion_files.write_lines(
        folder / "a.ndjson", drawings, word="cat", recognized=True, countrycode="DE", key_id="5"
    )


def _js(kind: str, **changes: object) -> Callable[[Path], object]:
    from sketch_rnn_keras.interop import sketch_js as writer

    return lambda folder: writer.save(sketch_js.tiny(**changes), folder / f"a.{kind}.json")


SPECIMENS: Mapping[str, Specimen] = {
    "data, pickled": Specimen(lambda folder: write_data(folder / "a.npz"), ("load_dataset", "convert")),
    "data, arrays": Specimen(_arrays, ("load_dataset", "convert")),
    "data, stacked": Specimen(_plain_arrays, ("load_dataset", "convert")),
    "data folder": Specimen(_folder, ("load folder", "convert folder", "verify folder")),
    "interrupted conversion": Specimen(_interrupted, ("convert",)),
    "download record": Specimen(_download, ("load_dataset", "verify")),
    "ndjson": Specimen(_lines, ("convert",)),
    "binary": Specimen(_drawings("a.bin"), ("convert",)),
    "svg": Specimen(_drawings("a.svg"), ("convert",)),
    "polylines": Specimen(_drawings("a.json"), ("convert",)),
    "configuration": Specimen(lambda folder: tiny_run.HPARAMS.save(folder / "a.json"), ("hparams",)),
    "sweep plan": Specimen(lambda folder: (folder / "a.json").write_text(json.dumps(PLAN)), ("plan",)),
    "presets": Specimen(_presets, ("presets",)),
    "keras file": Specimen(lambda folder: tiny_model().save(folder / "a.keras"), ("info keras",)),
    "keras folder": Specimen(_keras_folder, ("info model",)),
    "gen.json": Specimen(_js("gen", conditional=False), ("info gen",)),
    "vae.json": Specimen(_js("vae"), ("info vae",)),
    "checkpoint of Magenta": Specimen(_magenta, ("info checkpoint",)),
    "recogniser": Specimen(_recogniser, ("recogniser",)),
    "run": Specimen(_run, ("info run", "plot", "train --resume")),
    "young run": Specimen(_young_run, ("info run", "train --resume", "train --from")),
    "sweep folder": Specimen(_sweep, ("sweep",)),
}


def make_all(folder: Path) -> None:
    """Write every kind, in a folder of its name."""
    readers.stand_in()
    for kind, specimen in SPECIMENS.items():
        (folder / kind).mkdir(parents=True)
        specimen.make(folder / kind)


def spoil_folder(intact: Path, case: Path, chance: random.Random) -> None:
    """Copy a specimen to a new folder, one or two of its files spoilt, or what is no file in their place."""
    shutil.copytree(intact, case)
    files = sorted(path for path in case.rglob("*") if path.is_file())
    several = [path for path in files if not path.name.endswith(_LEFT_ALONE)]
    for _ in range(chance.choice((1, 1, 1, 1, 2))):
        path = chance.choice(several or files)
        if len(files) > 1 and chance.random() < 0.08:
            _replace(path, chance.choice(files), chance)
        elif path.is_file() and not path.is_symlink():
            damage = next(damage for suffix, damage in DAMAGES.items() if path.name.endswith(suffix))
            try:
                path.write_bytes(damage(path.read_bytes(), chance))
            except Exception:  # it has been spoilt before, and is no longer what its name says
                path.write_bytes(spoil_bytes(path.read_bytes(), chance))


def _replace(path: Path, other: Path, chance: random.Random) -> None:
    """A file gone, or what is none under its name, as an archive may unpack it."""
    content = other.read_bytes() if other.is_file() else b""
    if path.is_dir():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)
    match chance.randrange(7):
        case 0:
            path.mkdir()
        case 1:
            os.mkfifo(path)
        case 2:
            path.symlink_to("/dev/zero")
        case 3:
            path.symlink_to(path.name)
        case 4:
            path.touch()
        case 5:
            path.write_bytes(content)
