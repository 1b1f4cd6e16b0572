"""Drawings of every format in, one data file out: `convert`, and what it says of its work, a `Report`.

`docs/formats.md` describes the formats. The way of a drawing: `inputs` finds its file and the reader of that (`ndjson`,
`binary`, `documents`, `svg`), which gives its pen strokes as absolute coordinates, `prepare` gives it the form of
Quick, Draw!'s drawings, `splitting` chooses where it goes, and `pipeline` leads from the first to the file.
"""

from .pipeline import convert
from .report import Report

__all__ = ["Report", "convert"]
