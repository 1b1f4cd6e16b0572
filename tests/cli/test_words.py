"""What the library says, as it is typed: arguments become options, and all else stays as it is."""

import pytest

from sketch_rnn_keras.cli.words import OPTIONS, as_typed
from sketch_rnn_keras.hparams import HParams


@pytest.mark.parametrize(
    ("said", "typed"),
    [
        ("continue that run with resume=True, or choose", "continue that run with --resume, or choose"),
        ("replace it with overwrite=True", "replace it with --overwrite"),
        ("train with batch_size=27", "train with --set batch_size=27"),
        ("train with max_seq_len=90.", "train with --set max_seq_len=90."),
        ("such as kl_weight=1.0", "such as --set kl_weight=1.0"),
        ("max_points=90 here, and max_seq_len=90 when", "--max-points 90 here, and --set max_seq_len=90 when"),
        ("such as splits=(0.9, 0.05, 0.05)", "such as --splits 0.9 0.05 0.05"),
        ("or use splits=(1, 0, 0)", "or use --splits 1 0 0"),
        ("with polylines=columns or polylines=points", "with --polylines columns or --polylines points"),
        ("per_category=5: too few", "--per-category 5: too few"),
        ("(epsilon=0.5)", "(--epsilon 0.5)"),
        ("HParams.model_fields lists the 37 keys", "`sketch-rnn info small` shows the 37 keys"),
        ("first: conversion.convert('svgs', 'svgs.npz')", "first: sketch-rnn convert svgs --output svgs.npz"),
        ("conversion.convert('my svgs', 'my.npz'), or", "sketch-rnn convert 'my svgs' --output my.npz, or"),
        ("""conversion.convert("it's", 'a.npz')""", """sketch-rnn convert 'it'"'"'s' --output a.npz"""),
    ],
)
def test_an_argument_becomes_an_option(said, typed):
    assert as_typed(said) == typed


@pytest.mark.parametrize("name", HParams.model_fields)
def test_every_hyperparameter_is_set(name):
    assert as_typed(f"try {name}=1") == f"try --set {name}=1"


@pytest.mark.parametrize("name", OPTIONS)
def test_every_option_is_written_with_dashes(name):
    assert as_typed(f"try {name}=True") == f"try --{name.replace('_', '-')}"


@pytest.mark.parametrize(
    "message",
    [
        "x=1.npz: expected drawings",
        "data/overwrite=True.npz: no such file",
        "no data set 'a=b'",
        "overwrite=True.npz: no such file",
        "max_points=3.npz: no such file",
        "max_seq_len=90/cat.npz: no such file",
        "./resume=True: expected a run directory",
        "/tmp/my-resume=True: expected a run directory",
        "drawing 'resume=True': expected an index",
        'received "max_points=3"',
        "received 'train with max_points=3'",
        "re_resume=True and max_points_=3",
        "resume = True, resume: True, resume==True",
        "two rows (dx, dy, lift) = (1, 2, 0)",
        "conditional = true",
        "line_width=3 and n=5 are no arguments of a command",
    ],
)
def test_all_else_stays_as_it_is(message):
    assert as_typed(message) == message


def test_what_was_typed_as_an_option_is_not_typed_twice():
    assert as_typed("--set z_size=2: 'z_size' is set twice") == "--set z_size=2: 'z_size' is set twice"


def test_every_line_of_a_message_is_typed():
    assert as_typed("resume=True\nresume=True") == "--resume\n--resume"
