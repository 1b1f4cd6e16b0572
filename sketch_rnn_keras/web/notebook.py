"""The page inline in a notebook. Enters: models. Leaves: a frame below the cell, apart from the notebook's page."""

import html

from ..errors import InputError, whole_number
from .entries import Models, entries
from .page import TITLE, page

_FRAME = (
    '<div><iframe srcdoc="{page}" title="{title}" width="100%" height="{height}" frameborder="0" '
    'sandbox="allow-scripts allow-downloads"></iframe></div>'
)


def show(models: Models, *, height: int = 720, float32: bool = False, title: str = TITLE) -> None:
    """Display the page in a notebook, inline.

    It may run its own script and save files; of the notebook it sees nothing.

    Args:
        models: as `write_page` takes them.
        height: of the frame, in pixels.
        float32: keep the weights as they are; otherwise they are rounded to float16.
        title: of the page.

    Raises:
        InputError: IPython is not installed, or as `write_page`.
    """
    whole_number("height", height, 1)
    try:
        from IPython.display import HTML, display
    except ImportError:
        raise InputError("IPython is not installed, and the page is shown by it; write_page writes a file") from None
    text = page(entries(models), float32=float32, title=title)
    display(HTML(_FRAME.format(page=html.escape(text), title=html.escape(title), height=height)))
