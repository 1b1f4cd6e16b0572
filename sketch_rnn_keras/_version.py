"""The one place of the version: the package, its files and `pyproject.toml` read it here."""

__version__ = "0.2.0.dev0"
