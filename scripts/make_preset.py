"""Make a preset of a trained run: its best model with weights in float16, beside the others of the package.

python scripts/make_preset.py RUN_DIR NAME
"""

import io
import json
import sys
import zipfile
from pathlib import Path

import h5py

PRESETS = Path(__file__).parents[1] / "sketch_rnn_keras" / "files" / "presets"


def main() -> None:
    run, name = Path(sys.argv[1]), sys.argv[2]
    target = PRESETS / f"{name}.keras"
    with zipfile.ZipFile(run / "model.keras") as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        for member in source.namelist():
            content = source.read(member)
            entry = zipfile.ZipInfo(member)  # dated 1980, so that the same run gives the same bytes
            entry.compress_type = zipfile.ZIP_DEFLATED
            if member == "config.json":
                content = with_file_names(content)
            made.writestr(entry, halved(content) if member.endswith(".h5") else content)
    print(f"{target}: {target.stat().st_size:,} bytes")


def with_file_names(content: bytes) -> bytes:
    """The same configuration with data sets named by their files alone, not by the folders of who trained it."""
    document = json.loads(content)
    config = document["config"]
    config["hparams"]["data_set"] = [Path(name).name for name in config["hparams"]["data_set"]]
    for source in config["data"]:
        source["name"] = Path(source["name"]).name
    return json.dumps(document).encode()


def halved(content: bytes) -> bytes:
    """The same HDF5 file with every float32 array as float16."""
    result = io.BytesIO()
    with h5py.File(io.BytesIO(content), "r") as old, h5py.File(result, "w") as new:

        def copy(path: str, item: h5py.Group | h5py.Dataset) -> None:
            if isinstance(item, h5py.Group):
                made = new.require_group(path)
            else:
                kind = "float16" if item.dtype == "float32" else item.dtype
                made = new.create_dataset(path, data=item[()].astype(kind))
            made.attrs.update(item.attrs)

        old.visititems(copy)
        new.attrs.update(old.attrs)
    return result.getvalue()


if __name__ == "__main__":
    main()
