"""`.keras` files that are damaged, foreign or made to do harm: refused in one sentence, before anything is built."""

import io
import json
import os
import shutil
import struct
import zipfile

import h5py
import numpy as np
import pytest
from support.keras_files import document_of, rewritten, with_config, with_hparams
from support.npz_archives import memory_below
from support.tiny_run import arrays

from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.files.arrays import DIGESTS, read_arrays, write_arrays
from sketch_rnn_keras.loading import load_model
from sketch_rnn_keras.model import saving
from sketch_rnn_keras.model.sketch_rnn import SketchRNN

REFUSED = r"a\.keras: expected a Sketch-RNN saved by sketch_rnn_keras: ."


def assert_refused(path, message=REFUSED):
    with pytest.raises(InputError, match=message) as caught:
        load_model(path)
    assert len(str(caught.value)) < 1000 + len(str(path))


# --------------------------------------------------------------------------------------------------------- damage


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04" + bytes(100), bytes(range(256)) * 8])
def test_a_file_that_is_no_archive_is_refused(content, tmp_path):
    (tmp_path / "a.keras").write_bytes(content)
    assert_refused(tmp_path / "a.keras")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_refused(share, saved, tmp_path):
    content = saved.read_bytes()
    (tmp_path / "a.keras").write_bytes(content[: int(share * len(content))])
    assert_refused(tmp_path / "a.keras")


@pytest.mark.parametrize("damage", ["empty", "half", "zeros", "nameless", "missing"])
def test_damaged_weights_are_refused(damage, saved, tmp_path):
    with zipfile.ZipFile(saved) as archive:
        weights = archive.read("model.weights.h5")
    heap = weights.index(b"HEAP") + 8  # the size of the root group's table of names
    damaged = {
        "empty": b"",
        "half": weights[: len(weights) // 2],
        "zeros": bytes(len(weights)),
        "nameless": weights[:heap] + bytes(8) + weights[heap + 8 :],
        "missing": None,
    }
    assert_refused(rewritten(saved, tmp_path / "a.keras", model=damaged[damage]))


@pytest.mark.parametrize(
    "config",
    [None, b"{", b"\xff\xfe", b"[" * 100_000, b" " * (2**20 + 1)],
    ids=["missing", "cut", "no UTF-8", "deep", "huge"],
)
def test_a_damaged_configuration_is_refused(config, saved, tmp_path):
    assert_refused(rewritten(saved, tmp_path / "a.keras", config=config))


def test_a_compressed_archive_with_a_flipped_byte_is_refused(saved, tmp_path):
    """Damage inside a deflated member surfaces in the decompressor."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(saved) as source, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, source.read(name))
        start = target.getinfo("config.json").header_offset + 30 + len("config.json")
    content = bytearray(buffer.getvalue())
    content[start] = 0xFF  # a block type that deflate does not have
    (tmp_path / "a.keras").write_bytes(content)
    assert_refused(tmp_path / "a.keras")


# -------------------------------------------------------------------------------------------------------- foreign

SYSTEM = {"module": "os", "class_name": "system", "config": {"command": "true"}, "registered_name": None}
SEQUENTIAL = {"module": "keras", "class_name": "Sequential", "config": {}, "registered_name": "Sequential"}
FOREIGN = [SYSTEM, SEQUENTIAL, [], "text", 7, None, {}, {"registered_name": ["sketch_rnn_keras>SketchRNN"]}]


@pytest.mark.parametrize("document", FOREIGN, ids=str)
def test_another_class_is_refused_and_not_loaded(document, saved, tmp_path, monkeypatch):
    ran = []
    monkeypatch.setattr("os.system", ran.append)
    assert_refused(rewritten(saved, tmp_path / "a.keras", config=json.dumps(document)), "it holds a model of the class")
    assert not ran


@pytest.mark.parametrize(
    "changes",
    [
        {"scale_factor": -1.0},
        {"scale_factor": "1"},
        {"scale_factor": float("nan")},
        {"scale_factor": 10**400},
        {"hparams": []},
        {"data": 7},
        {"data": ["cat"]},
        {"data": [{"sha256": "ab"}]},
        {"data": [{"name": 7}]},
        {"origin": 7},
        {"sketch_rnn_keras": 1.5},
    ],
    ids=lambda changes: str(changes)[:50],
)
def test_a_configuration_of_other_types_is_refused(changes, saved, tmp_path):
    assert_refused(with_config(saved, tmp_path / "a.keras", lambda config: config | changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"z_sise": 3},
        {"dec_rnn_size": "6"},
        {"dec_model": "gru"},
        {"conditional": True},  # an encoder that the weights lack
        {"dec_rnn_size": 9},
        {"dec_model": "layer_norm"},
    ],
    ids=str,
)
def test_hyperparameters_that_do_not_fit_are_refused(changes, saved, tmp_path):
    assert_refused(with_hparams(saved, tmp_path / "a.keras", **changes))


def test_a_configuration_that_is_a_list_is_refused(saved, tmp_path):
    assert_refused(with_config(saved, tmp_path / "a.keras", lambda _: []))


def test_a_document_without_configuration_is_refused(saved, tmp_path):
    document = {key: value for key, value in document_of(saved).items() if key != "config"}
    assert_refused(rewritten(saved, tmp_path / "a.keras", config=json.dumps(document)))


# ---------------------------------------------------------------------------------------------------------- sizes


@pytest.fixture
def nothing_built(monkeypatch):
    def forbidden(*_, **__):
        raise AssertionError("a model was built")

    monkeypatch.setattr(SketchRNN, "from_config", forbidden)


@pytest.mark.parametrize(
    "sizes",
    [
        {"dec_rnn_size": 10**6},
        {"num_mixture": 10**8},
        {"conditional": True, "z_size": 10**6},
        {"conditional": True, "enc_rnn_size": 10**6},
        {"dec_model": "hyper", "dec_rnn_size": 10**5},
    ],
    ids=str,
)
def test_huge_sizes_are_refused_before_anything_is_built(sizes, saved, decoder_only, tmp_path, nothing_built):
    held = decoder_only.count_params()
    path = with_hparams(saved, tmp_path / "a.keras", **sizes)
    assert_refused(path, f"ask for at least [0-9]+ weights, the file holds {held}")


def test_weights_that_declare_more_than_they_take_are_refused(saved, tmp_path, nothing_built):
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as weights:
        weights.create_dataset("decoder/vars/0", shape=(10**6, 10**4), dtype="f4", chunks=(100, 100))
    path = rewritten(saved, tmp_path / "a.keras", model=buffer.getvalue())
    assert_refused(path, "its weights declare 40000000000 bytes")


def test_an_archive_that_unpacks_to_too_much_is_refused(saved, nothing_built, monkeypatch):
    monkeypatch.setattr(saving, "MAX_WEIGHT_BYTES", 1000)
    assert_refused(saved, "its weights take [0-9]+ bytes, more than 1000")


# ----------------------------------------------------------------------------------------------------- checkpoints


def truncated(run, weights):
    content = (run / "checkpoints" / "last.npz").read_bytes()
    (run / "checkpoints" / "last.npz").write_bytes(content[: len(content) // 2])


def empty(run, weights):
    (run / "checkpoints" / "last.npz").write_bytes(b"")


def of_another_model(run, weights):
    changed = weights | {"weights/decoder/W_xh": np.zeros((2, 2), "float32")}
    write_arrays(run / "checkpoints" / "last.npz", {name: changed[name] for name in changed if name != DIGESTS})


def changed_on_disk(run, weights):
    np.savez(run / "checkpoints" / "last.npz", **weights | {"weights/decoder/W_xh": np.zeros((2, 2), "float32")})


def pickled(run, weights):
    changed = {name: array.astype(object) if "W_xh" in name else array for name, array in weights.items()}
    np.savez(run / "checkpoints" / "last.npz", **changed)


def packed(run, weights):
    np.savez_compressed(run / "checkpoints" / "last.npz", **weights, zeros=np.zeros(10**7))


def too_small(run, weights):
    document = json.loads((run / "config.json").read_text())
    document["hparams"]["dec_rnn_size"] = 10**6
    (run / "config.json").write_text(json.dumps(document))


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (truncated, "an intact file of arrays"),
        (empty, "an intact file of arrays"),
        (of_another_model, "expected numbers of shape"),
        (changed_on_disk, "W_xh is not the one that was written"),
        (pickled, "an array of object, not of numbers"),
        (packed, "not stored as they are"),
        (too_small, "asks for at least"),
    ],
)
def test_a_checkpoint_that_is_not_its_runs_is_refused(harm, message, trained_run, tmp_path):
    run = shutil.copytree(trained_run.killed, tmp_path / "run")
    (run / "model.keras").unlink()
    harm(run, arrays(run / "checkpoints" / "last.npz"))
    assert_refused(run, rf"last\.npz: expected .*{message}")


def test_a_configuration_that_unpacks_to_more_than_it_says_is_not_unpacked(saved, tmp_path):
    size, said = 2**26, 1000
    with zipfile.ZipFile(tmp_path / "a.keras", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", bytes(size))
    content = (tmp_path / "a.keras").read_bytes()
    (tmp_path / "a.keras").write_bytes(content.replace(struct.pack("<I", size), struct.pack("<I", said)))
    with memory_below(2**24):
        assert_refused(tmp_path / "a.keras")


@pytest.mark.parametrize(("member", "method"), [("config", zipfile.ZIP_BZIP2), ("model", zipfile.ZIP_LZMA)])
def test_members_that_are_packed_otherwise_are_refused(member, method, saved, tmp_path, nothing_built):
    with zipfile.ZipFile(saved) as source, zipfile.ZipFile(tmp_path / "a.keras", "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name), method if name.startswith(member) else zipfile.ZIP_DEFLATED)
    assert_refused(tmp_path / "a.keras", f"its {member}.* is packed; save the model again")


def own_next(weights):
    """A free part of a heap that is the next one of itself: HDF5's library would follow it for ever."""
    heap = weights.index(b"HEAP\x00")
    free, data = struct.unpack_from("<QQ", weights, heap + 16)
    struct.pack_into("<Q", weights, data + free, free)


def far_away(weights):
    struct.pack_into("<Q", weights, weights.index(b"HEAP\x00") + 24, 2**63)


def up_and_down(weights):
    weights[weights.index(b"TREE\x00") + 5] = 1


def cut_off(weights):
    del weights[weights.index(b"HEAP\x00") + 10 :]


def too_many(weights):
    heap = weights.index(b"HEAP\x00")
    weights += weights[heap : heap + 32] * 10_000


def other_sizes(weights):
    weights[13] = 4


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (own_next, "a table of names in its weights is damaged"),
        (far_away, "a table of names in its weights is damaged"),
        (up_and_down, "a table of groups in its weights is damaged"),
        (cut_off, "a table in its weights is cut off"),
        (too_many, "its weights have more than 10000 tables"),
        (other_sizes, "its weights are no HDF5 file as Keras writes it"),
    ],
)
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_weights_whose_groups_have_no_end_are_refused(harm, message, method, saved, tmp_path, nothing_built):
    with zipfile.ZipFile(saved) as source, zipfile.ZipFile(tmp_path / "a.keras", "w", method) as target:
        for name in source.namelist():
            content = bytearray(source.read(name))
            if name == saving.WEIGHTS:
                harm(content)
            target.writestr(name, bytes(content))
    assert_refused(tmp_path / "a.keras", message)


# ---------------------------------------------------------------------------------------------- what lies elsewhere


def linked(weights):
    del weights["layers"]
    weights["layers"] = h5py.ExternalLink("outside.h5", "/layers")


def soft(weights):
    del weights["layers"]
    weights["layers"] = h5py.SoftLink("/")


def outside(weights):
    weights.create_dataset("more", (2,), "f4", external=[("/etc/hostname", 0, 8)])


def virtual(weights):
    layout = h5py.VirtualLayout((2,), "f4")
    layout[...] = h5py.VirtualSource("outside.h5", "a", shape=(2,))
    weights.create_virtual_dataset("more", layout)


def endless(weights):
    weights["layers/more"] = weights["layers"]


def objects(weights):
    weights.create_dataset("more", (1,), h5py.string_dtype())


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (linked, "hold links"),
        (soft, "hold links"),
        (outside, "lie in other files"),
        (virtual, "lie in other files"),
        (endless, "have more than 10000 names"),
        (objects, "not all arrays of numbers"),
    ],
)
def test_weights_that_are_not_in_the_file_are_refused(harm, message, saved, tmp_path, nothing_built):
    with zipfile.ZipFile(saved) as archive:
        content = io.BytesIO(archive.read("model.weights.h5"))
    with h5py.File(content, "r+") as weights:
        harm(weights)
    assert_refused(rewritten(saved, tmp_path / "a.keras", model=content.getvalue()), message)


def test_of_a_long_class_name_the_beginning_is_shown(saved, tmp_path):
    path = rewritten(saved, tmp_path / "a.keras", config=json.dumps({"registered_name": "\x1b" + "x" * 9000}))
    with pytest.raises(InputError, match="it holds a model of the class") as caught:
        load_model(path)
    assert len(str(caught.value)) < 300 + len(str(path))


def test_a_checkpoint_that_is_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "last.npz")
    with pytest.raises(InputError, match="it is no file"):
        read_arrays(tmp_path / "last.npz")
