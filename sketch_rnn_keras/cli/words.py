"""What the library says, as it is typed. Enters: a message that names arguments. Leaves: the same with flags.

The library names what to change as Python does, `resume=True` or `max_seq_len=100`. On the command line that is
`--resume` and `--set max_seq_len=100`, and a call of `conversion.convert` is `sketch-rnn convert`. Only names that are
arguments are translated, and only in this form, so that what a message quotes from a file stays as it is. The keys of
a configuration, which Python has in `HParams.model_fields`, are seen in one that ships.
"""

import ast
import re
import shlex

# What is an option of a command under the name that it has as an argument.
OPTIONS = (
    "epsilon",
    "float32",
    "max_points",
    "on_divergence",
    "overwrite",
    "per_category",
    "polylines",
    "processes",
    "resume",
    "splits",
)
_VALUE = r"True|\([^()]*\)|'\w+'|\d+(?:\.\d+)?|[a-z_]+"
_ARGUMENT = re.compile(rf"(?<!--set )(?<![\w./'\"-])([a-z_]+[0-9]*)=({_VALUE})(?!\.?[\w/'\"=-]|/)")
_TEXT = r"""('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""  # as Python writes it
_CONVERT = re.compile(rf"conversion\.convert\({_TEXT}, {_TEXT}\)")


def as_typed(message: str) -> str:
    """`message` with its arguments as flags."""
    from ..hparams import HParams

    def flag(found: re.Match) -> str:
        name, value = found.groups()
        if name in HParams.model_fields:
            return f"--set {name}={value}"
        if name not in OPTIONS:
            return found[0]
        words = "" if value == "True" else " " + value.strip("()'").replace(",", "")
        return f"--{name.replace('_', '-')}{words}"

    message = message.replace("HParams.model_fields lists", "`sketch-rnn info small` shows")
    return _CONVERT.sub(_convert_command, _ARGUMENT.sub(flag, message))


def _convert_command(found: re.Match) -> str:
    source, output = map(ast.literal_eval, found.groups())
    return shlex.join(["sketch-rnn", "convert", source, "--output", output])
