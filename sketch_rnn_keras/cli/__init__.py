"""The `sketch-rnn` command: thin doors to the package. Enters: arguments. Leaves: files, text, an exit status.

Exit status: 0 done, 1 training diverged or lost a process, 2 bad input (one sentence on standard error, no traceback),
130 interrupted.
Nothing that needs a backend is imported before a command runs, so that `--help` answers at once.
"""

import contextlib
import os
import sys
import warnings
from collections.abc import Iterator
from typing import Any

from ..errors import InputError, TrainingError, TrainingWarning, WorkerLost
from . import data, exchange, fetch, figures, latent_space, learning, quality, sample, web  # noqa: F401  (each adds its commands)
from .common import app, command_name, say
from .words import as_typed

# The order of `--help` and of README.md.
PANELS = {
    "Start": ("sample", "web", "train", "info", "animate"),
    "Data": ("download", "convert"),
    "Latent space": ("reconstruct", "interpolate", "analogy", "complete", "temperature", "embed"),
    "Models": ("models", "download-model", "convert-model", "export"),
    "Research": ("evaluate", "quality", "train-recogniser", "plot", "mixture", "sweep"),
}


def _arrange() -> None:
    """Put the commands in the order of `PANELS`."""
    panels = {name: panel for panel, names in PANELS.items() for name in names}
    order = list(panels)
    app.registered_commands.sort(key=lambda command: order.index(command_name(command)))
    for command in app.registered_commands:
        command.rich_help_panel = panels[command_name(command)]


_arrange()


@contextlib.contextmanager
def _notes() -> Iterator[None]:
    """Tell the package's own warnings in a sentence, without the line of code that Python names."""
    with warnings.catch_warnings():
        others = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
            if issubclass(category, TrainingWarning):
                say(f"note   {as_typed(str(message))}")
            else:
                others(message, category, *where, **more)

        warnings.showwarning = show
        yield


def main() -> None:
    """Run the command line; errors of the input end in one sentence and exit status 2."""
    try:
        with _notes():
            app()
    except (InputError, TrainingError) as error:
        say(f"sketch-rnn: {as_typed(str(error))}")
        sys.exit(2 if isinstance(error, InputError) else 1)
    except WorkerLost as error:
        say(f"sketch-rnn: {as_typed(str(error))}")
        os._exit(1)  # engines would wait for the others, who are gone
    except OSError as error:  # a folder that may not be entered, a name that is too long
        say(f"sketch-rnn: {error.filename or 'a file'}: {error.strerror or error}")
        sys.exit(2)
