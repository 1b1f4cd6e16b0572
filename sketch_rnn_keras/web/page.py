"""The page as one HTML text that loads nothing. Enters: models. Leaves: the text, or the file.

`page.html` says where what goes, in double braces. Scripts run only if their SHA-256 stands in the page's
Content-Security-Policy, so nothing that a model's name or a title holds can run, and nothing can be sent or fetched.
"""

import base64
import hashlib
import html
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import InputError, shown
from ..files.writing import check_suffix, write_atomically
from .entries import Entry, Models, entries
from .modules import joined
from .weights import document

TITLE = "Sketch-RNN draws with you"
FOLDER = Path(__file__).parent  # of the page's own files
_PLACE = re.compile(r"\{\{(\w+)\}\}")
_ENDS_EARLY = re.compile(r"</(?:script|style)|<!--", re.IGNORECASE)  # within a script or a style


def write_page(models: Models, path: str | os.PathLike, *, float32: bool = False, title: str = TITLE) -> Path:
    """Write a page that draws with models, in any browser, without a server or a network.

    Args:
        models: a model, a name or several of whatever `load_model` opens, or models by the names they are to have.
        path: the file to write, ending in .html; one that exists is replaced.
        float32: keep the weights as they are; otherwise they are rounded to float16, half the size.
        title: of the page.

    Returns:
        The path of the file.

    Raises:
        InputError: a model cannot be opened, weights do not fit float16, or the file cannot be written.
    """
    check_suffix(path, ".html")
    return write_atomically(path, page(entries(models), float32=float32, title=title).encode())


def page(models: list[Entry], *, float32: bool = False, title: str = TITLE) -> str:
    """The text of the page; the same for the same models.

    Raises:
        InputError: weights are not finite or do not fit float16, or the title is no text.
    """
    if not isinstance(title, str) or not title.isprintable():
        raise InputError(f"title: expected a line of text, received {shown(title)}")
    documents = [document(model, name, about, float32=float32) for name, about, model in models]
    style, app = (FOLDER / "page.css").read_text(encoding="utf-8"), joined(FOLDER, "app.js")
    return _filled(
        (FOLDER / "page.html").read_text(encoding="utf-8"),
        {
            "policy": _policy(app, style),
            "title": html.escape(title),
            "style": _inside(style),
            "models": "\n".join(map(_data, documents)),
            "worker": _inside(joined(FOLDER, "worker.js")),
            "app": _inside(app),
        },
    )


def _filled(template: str, parts: Mapping[str, str]) -> str:
    """The template with each part in its places; braces within a part stay as they are."""
    return _PLACE.sub(lambda place: parts[place[1]], template)


def _policy(script: str, style: str) -> str:
    """What the page may do: run this script and the worker it makes, wear this style, show pictures it made itself."""
    return (
        f"default-src 'none'; script-src '{_digest(script)}'; style-src '{_digest(style)}'; worker-src blob:; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


def _data(value: Mapping[str, Any]) -> str:
    """A document as an element that no text in it can end."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    return f'<script type="application/json" class="model">{text}</script>'


def _inside(text: str) -> str:
    """A script or style of our own, as it is.

    Raises:
        ValueError: it would end before its end.
    """
    if found := _ENDS_EARLY.search(text):
        raise ValueError(f"{found[0]} cannot stand within a page's script or style; write it in two parts")
    return text
