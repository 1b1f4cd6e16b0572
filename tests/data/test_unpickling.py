"""Facts about reading pickles without trusting them: drawings are read, nothing else is, and nothing runs."""

import builtins
import os
import pickle
import pickletools

import numpy as np
import pytest
from support.data_files import as_objects, assert_same
from support.npz_archives import DRAWINGS, memory_below, npy, refusal, write_archive

from sketch_rnn_keras.data import npz, unpickling

PYTHON_2 = (  # laid out as cPickle of Python 2 does it, bytes as str: one drawing, np.int8([[1, -2, 1]])
    b"\x80\x02cnumpy.core.multiarray\n_reconstruct\nq\x01cnumpy\nndarray\nq\x02K\x00\x85U\x01b\x87Rq\x03(K\x01K\x01\x85"
    b"cnumpy\ndtype\nq\x04U\x02O8K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tb\x89]"
    b"h\x01h\x02K\x00\x85U\x01b\x87R(K\x01K\x01K\x03\x86h\x04U\x02i1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xff"
    b"J\xff\xff\xff\xffK\x00tb\x89U\x03\x01\xfe\x01tbatb."
)
CALL = b"c_codecs\nencode\n"


class Runs:
    """Pickles into a call of `function` on `argument`."""

    def __init__(self, function, argument):
        self.call = (function, (argument,))

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_pickle_protocol(tmp_path, protocol):
    path = write_archive(tmp_path / "a.npz", train=npy(pickle.dumps(as_objects(DRAWINGS), protocol), (4,)))
    assert_same(npz.read_splits(path)["train"], DRAWINGS)


def test_a_pickle_of_python_2(tmp_path):
    assert_same(
        npz.read_splits(write_archive(tmp_path / "a.npz", train=npy(PYTHON_2)))["train"], [np.int8([[1, -2, 1]])]
    )


@pytest.mark.parametrize(
    ("function", "argument", "name"),
    [
        (os.system, "touch {}", f"{os.name}.system"),
        (builtins.eval, "open({!r}, 'w')", "builtins.eval"),
        (np.load, "{}", "numpy.load"),
        (np.fromfile, "{}", "fromfile"),
    ],
)
@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
@pytest.mark.parametrize("split", npz.SPLITS)
def test_code_is_refused_and_does_not_run(tmp_path, function, argument, name, protocol, split):
    trace = tmp_path / "trace"
    command = Runs(function, argument.format(str(trace)))
    for payload in (command, as_objects([command]), as_objects([as_objects([command])])):
        path = write_archive(tmp_path / "a.npz", **{split: npy(pickle.dumps(payload, protocol))})
        message = refusal(path)
        assert f"split {split}: refused " in message
        assert name in message.replace("__builtin__", "builtins")
        assert not trace.exists()


def test_attributes_of_admitted_names_are_refused(tmp_path):
    dotted = b"\x80\x04\x8c\x05numpy\x8c\x10ndarray.__init__\x93."
    assert "refused numpy.ndarray.__init__" in refusal(write_archive(tmp_path / "a.npz", train=npy(dotted)))


@pytest.mark.parametrize("name", [b"numpy\nndarray", b"numpy.core.multiarray\n_reconstruct", b"_codecs\nencode"])
def test_a_pickle_cannot_alter_what_it_is_given(tmp_path, name):
    before = dict(unpickling._ADMITTED), dict(vars(unpickling._Array))
    alter = b"\x80\x02c" + name + b"\n(NU\x05valueK\x01s}U\x05valueK\x01s\x86b."
    build = b"\x80\x02c" + name + b"\n}U\x05valueK\x01sb."
    state = b"\x80\x02c" + name + b"\n(NNNNNtb."
    for pickled in (alter, build, state):
        assert "is broken" in refusal(write_archive(tmp_path / "a.npz", train=npy(pickled)))
    assert (dict(unpickling._ADMITTED), dict(vars(unpickling._Array))) == before


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            npy(pickle.dumps(as_objects([as_objects([1, 2])]))),
            "drawing 0: expected an array of numbers, received a nested",
        ),
        (npy(pickle.dumps(as_objects([[[1, 2, 0]]]))), "drawing 0: expected an array of numbers, received list"),
        (npy(pickle.dumps([[1, 2, 0]])), "the pickle holds something else"),
        (npy(pickle.dumps(as_objects(DRAWINGS))), r"expected an object array of shape [1]"),
        (npy(pickle.dumps(as_objects(DRAWINGS)), (2, 2)), r"expected an object array of shape [2, 2]"),
        (
            npy(pickle.dumps(as_objects(DRAWINGS)), (10**15,)),
            f"expected at most {npz.MAX_DRAWINGS} drawings, received {10**15}",
        ),
        (npy(pickle.dumps(as_objects(DRAWINGS)), (9,)), "expected an object array of shape [9]"),
        (npy(pickle.dumps(as_objects(DRAWINGS))[:-40]), "the pickled array is broken"),
        (npy(b""), "the pickled array is broken"),
        (npy(b"S'a'\n."), "STRING is an operation that arrays do not need"),
        (npy(pickle.dumps(as_objects([np.zeros(2, "U3")]))), "elements of type 'U3'"),
        (npy(pickle.dumps(as_objects([np.zeros(2, "i4,i4")]))), "elements of type 'V8'"),
    ],
)
def test_a_pickle_of_something_else_is_refused(tmp_path, content, expected):
    message = refusal(write_archive(tmp_path / "a.npz", valid=content))
    assert "split valid" in message
    assert expected in message


@pytest.mark.parametrize(
    "pickled",
    [
        b"\x80\x02Nr\xff\xff\xff\x7f.",  # memorise None under number 2^31 - 1: 32 GiB for the unpickler in C
        # text, bytes, a frame and a bytearray of 8 GiB, three bytes of it there; bytes, strings and a number of 2 GiB
        *(b"\x80\x05%c" % code + (2**33).to_bytes(8, "little") + b"few." for code in b"\x8d\x8e\x95\x96"),
        *(b"\x80\x05%c" % code + (2**31 - 1).to_bytes(4, "little") + b"few." for code in b"BTX\x8b"),
        CALL + b"B" + (2**20).to_bytes(4, "little") + bytes(2**20) + b"R.",  # a call with a million arguments
        b"c__builtin__\nbytes\n\x8a\x05" + (2**33).to_bytes(5, "little") + b"\x85R.",  # bytes(8 GiB)
    ],
)
def test_a_small_pickle_cannot_ask_for_much_memory(tmp_path, pickled):
    path = write_archive(tmp_path / "a.npz", train=npy(pickled))
    with memory_below(10_000_000):
        assert "split train" in refusal(path)


def test_one_array_named_many_times_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(npz, "MAX_BYTES", 10_000)
    repeated = as_objects([np.zeros((100, 3), np.int8)] * 200)
    path = write_archive(tmp_path / "a.npz", train=npy(pickle.dumps(repeated), (200,)))
    assert "expected at most 10000 bytes of drawings" in refusal(path)


def test_a_pickle_cannot_run_for_ever(tmp_path):
    path = write_archive(tmp_path / "b.npz", train=npy(b"\x80\x02" + b"]" * 2000 + b"."))
    assert "expected a pickle of at most 1036 operations for shape [1]" in refusal(path)


GRAPH = b")" + b"q\x00h\x00\x86" * 40  # tuples of tuples: 2^40 of them, if anybody walks through it


@pytest.mark.parametrize(
    "pickled",
    [
        b"})" + b"\x85" * 900 + b"Ns.",  # a tuple as a key is hashed, in depth
        b"})" + b"2\x86" * 40 + b"Ns.",
        b"\x8f(" + b"K\x01" * 9 + b"\x90.",  # a set
        CALL + b"U\x01a" + GRAPH + b"\x86R.",
        CALL + GRAPH + b"U\x06latin1\x86R.",
        b"cnumpy\ndtype\n" + GRAPH + b"\x85R.",
        b"cnumpy\ndtype\n(U\x02i1K\x00K\x01tR(K\x03" + GRAPH + b"tb.",
        b"cnumpy.core.numeric\n_frombuffer\n(U\x01acnumpy\ndtype\n(U\x02i1tRK\x01\x85" + GRAPH + b"tR.",
        b"\x96\x03\x00\x00\x00\x00\x00\x00\x00abc\x94\x98h\x00K\x01a.",  # a buffer that is being read grows
        b"F" + b"x" * 10**6 + b"\n.",
        *(b"N%c" % code + b"9" * 10**6 + b"\n." for code in b"ILpg"),  # numbers that would take 10^12 steps to read
        b"cnumpy\ndtype\n(U\x02i1tR(Nb.",  # a state of something that is marked off
        b"\x85\x86\x87.",
        b"a(e.",
    ],
)
def test_nothing_in_a_pickle_is_hashed_walked_through_or_printed(tmp_path, pickled):
    assert len(refusal(write_archive(tmp_path / "a.npz", train=npy(b"\x80\x05" + pickled)))) < 600


@pytest.mark.parametrize("shape", ["K\x01K\x02K\x03K\x04t", "J\xff\xff\xff\xff\x85", "]", "U\x01a\x85"])
def test_shapes_are_at_most_three_whole_numbers(tmp_path, shape):
    array = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tU\x01btR"
    shape = (b"(" if shape.endswith("t") else b"") + shape.encode("latin1")
    state = b"(K\x01" + shape + b"cnumpy\ndtype\n(U\x02i1K\x00K\x01tR\x89U\x01atb."
    assert "no tuple of at most three" in refusal(
        write_archive(tmp_path / "a.npz", train=npy(b"\x80\x02" + array + state))
    )


@pytest.mark.parametrize("protocol", range(6))
def test_as_many_drawings_as_are_allowed_take_fewer_operations(protocol):
    drawings = pickle.dumps(as_objects([np.ones((3 + k % 5, 3), np.int16) for k in range(500)]), protocol)
    operations = sum(1 for _ in pickletools.genops(drawings))
    assert operations / 500 * npz.MAX_DRAWINGS < unpickling.MAX_OPERATIONS


def test_text_is_not_turned_into_bytes_before_the_sizes_add_up(tmp_path):
    text = "a" * 2**20
    array = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tU\x01btR"
    state = b"(K\x01(J" + (2**20).to_bytes(4, "little") + b"tcnumpy\ndtype\n(U\x02i1K\x00K\x01tR\x89h\x00tb"
    content = b"X" + (2**20).to_bytes(4, "little") + text.encode() + b"q\x00"
    several = b"\x80\x02](" + content + (array + state) * 300 + b"e."
    path = write_archive(tmp_path / "a.npz", train=npy(several, (300,)))
    with memory_below(20 * 2**20):  # and not 300 times the text
        assert "the pickle holds something else" in refusal(path)


def test_a_name_that_is_refused_does_not_steer_a_terminal(tmp_path):
    """Found by `torture.guided`."""
    message = refusal(write_archive(tmp_path / "a.npz", train=npy(b"c_codecs\x1b[2J\nenc\x07de\n.")))
    assert "refused _codecs?[2J.enc?de" in message
    assert message.isprintable()
