"""A page that draws with a model in any browser: one HTML file, no server, no network (`docs/web.md`).

Enters: models. Leaves: the page, as a file (`write_page`) or inline in a notebook (`show`). `weights` makes a model's
document, `page` joins it with the page's own files; `engine.js` runs the model, `worker.js` is its thread, `app.js` and
its fellows are what one sees.
"""

from .notebook import show
from .page import write_page

__all__ = ["show", "write_page"]
