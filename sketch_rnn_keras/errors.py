"""The exceptions whose message is meant for the user, not for the programmer."""


class InputError(ValueError):
    """A file, a setting or an argument that cannot be used.

    The message says what was expected, what was received, where, and what to do about it. The command line prints
    it without a traceback and exits with status 2.
    """


class TrainingError(RuntimeError):
    """Training cannot go on: its numbers are no longer finite. The message says where and what to try."""
