"""The `sketch-rnn` command: thin doors to the package. Enters: arguments. Leaves: files, text, an exit status.

Exit status: 0 done, 1 training diverged, 2 bad input (one sentence on standard error, no traceback), 130 interrupted.
Nothing that needs a backend is imported before a command runs, so that `--help` answers at once.
"""

import sys

from ..errors import InputError, TrainingError
from . import data, exchange, fetch, figures, latent_space, learning, sample  # noqa: F401  (each adds its commands)
from .common import app, say
from .words import as_typed


def main() -> None:
    """Run the command line; errors of the input end in one sentence and exit status 2."""
    try:
        app()
    except (InputError, TrainingError) as error:
        say(f"sketch-rnn: {as_typed(str(error))}")
        sys.exit(2 if isinstance(error, InputError) else 1)
    except OSError as error:  # a folder that may not be entered, a name that is too long
        say(f"sketch-rnn: {error.filename or 'a file'}: {error.strerror or error}")
        sys.exit(2)
