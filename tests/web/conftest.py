"""What tests of the web page run it in: Node for its engine alone, a browser for the whole."""

import os
import shutil

import pytest
from filelock import FileLock
from support.tiny import tiny_model

from sketch_rnn_keras import load_model
from sketch_rnn_keras.web import write_page


@pytest.fixture(scope="session")
def node():
    """The program that runs JavaScript outside a browser: one on the PATH, or the one inside of playwright."""
    if found := shutil.which("node"):
        return found
    driver = pytest.importorskip("playwright._impl._driver", reason="needs node, or playwright, which brings one")
    return str(driver.compute_driver_executable()[0])


@pytest.fixture(scope="session")
def page_file(tmp_path_factory):
    """A page of four models, made once for all processes that run tests; it is not to be changed.

    "doodles" and "doodles-decoder" are the presets, "endless" never lifts its pen for good, "short" reads at most four
    points.
    """
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # that of the whole session
    file = folder / "page.html"
    with FileLock(f"{file}.lock"):
        if not file.exists():
            models = {name: load_model(name) for name in ("doodles", "doodles-decoder")}
            models["endless"] = tiny_model(end=-50.0, conditional=False, dec_model="hyper")
            models["short"] = tiny_model(max_seq_len=4, dec_model="layer_norm", enc_model="hyper")
            write_page(models, file)
    return file


@pytest.fixture(scope="module")  # not longer: tests of notebooks need the event loop for themselves
def browser():
    """A running browser without a window; skips where there is none."""
    pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
    from support.browser import NoBrowser, chromium

    try:
        with chromium() as running:
            yield running
    except NoBrowser as error:
        pytest.skip(str(error))


@pytest.fixture
def open_page(browser, page_file):
    """Opens a page in a browser of its own memory, and returns playwright's `Page`.

    A test fails in the end if a page of it has complained in the console, or asked for anything but itself.

    Args of what it gives:
        file: another file than `page_file`.
        width, height: of the screen, in pixels.
        touch: a phone's screen, with fingers in place of a mouse.
        dark: the user likes it dark.
        options: more of playwright's `new_context`.
    """
    contexts, complaints = [], []

    def open_one(file=page_file, *, width=1000, height=800, touch=False, dark=False, **options):
        context = browser.new_context(
            viewport={"width": width, "height": height},
            has_touch=touch,
            is_mobile=touch,
            color_scheme="dark" if dark else "light",
            **options,
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type != "log" else None)
        page.on("pageerror", lambda error: complaints.append(f"uncaught: {error}"))
        page.on("request", lambda request: complaints.extend(asked_for(request.url, file)))
        page.goto(file.as_uri())
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert complaints == []


def asked_for(address, file):
    """What is wrong with a request for `address`: nothing, if it is for the page or for what it made itself."""
    if address != file.as_uri() and not address.startswith(("blob:", "data:")):
        yield f"a request for {address[:200]}"
