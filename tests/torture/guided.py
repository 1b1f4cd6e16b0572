"""A fuzzer that is guided by which lines it reaches (atheris), for the two readers of bytes that are our own.

    python -m torture.guided pickle -max_total_time=600 FOLDER       (in tests/; or npy; pip install atheris)

FOLDER keeps what reaches something new; it begins with intact ones. Ends at the first input that is neither read nor
refused in a sentence, takes 10 seconds or 2 GiB, and writes it to `crash-*`, `timeout-*` or `oom-*`.
"""

import io
import pickle
import sys
import zipfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["sketch_rnn_keras.data", "numpy.lib", "pickletools"]):
    import pickletools  # noqa: F401

    import numpy.lib.format

    from sketch_rnn_keras.data import npz, unpickling

from support.data_files import as_objects, make_drawings
from torture.worker import faults_of

from sketch_rnn_keras.errors import InputError

LIMITS = ("-timeout=10", "-rss_limit_mb=2048", "-max_len=2000")


def read_pickle(content: bytes) -> None:
    """The pickle of an object array of two drawings."""
    _judge(lambda: unpickling.read_objects(io.BytesIO(content), (2,), npz.MAX_BYTES, "a.npz, split train"))


def read_npy(content: bytes) -> None:
    """A split of an archive."""
    with zipfile.ZipFile(io.BytesIO(), "w") as archive:
        archive.writestr("train.npy", content)
        _judge(lambda: npz._read_split(archive, "train", "a.npz, split train"))


def _judge(read) -> None:
    try:
        message, kinds = "", {array.dtype.kind for array in read()}
    except InputError as error:
        message, kinds = str(error), set()
    assert not faults_of(message), message
    assert kinds <= set("biuf"), kinds


def beginnings() -> dict[str, list[bytes]]:
    """Intact inputs of each reader."""
    drawings = as_objects(make_drawings(0, [3, 5]))
    pickles = [pickle.dumps(drawings, protocol) for protocol in range(6)]
    arrays = []
    for array in (drawings, make_drawings(0, [3])[0], drawings[0].astype(">f4").T):
        stream = io.BytesIO()
        numpy.lib.format.write_array(stream, array, allow_pickle=True)
        arrays.append(stream.getvalue())
    return {"pickle": pickles, "npy": arrays}


READERS = {"pickle": read_pickle, "npy": read_npy}

if __name__ == "__main__":
    name, folder = sys.argv[1], Path(sys.argv[-1])
    folder.mkdir(exist_ok=True)
    for number, content in enumerate(beginnings()[name]):
        (folder / f"intact-{number}").write_bytes(content)
    atheris.Setup([sys.argv[0], *LIMITS, *sys.argv[2:]], READERS[name])
    atheris.Fuzz()
