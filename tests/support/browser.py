"""A browser of this machine, driven by playwright: Debian's Chromium, Chrome, or the one that playwright installs."""

import contextlib
import os
import shutil
from collections.abc import Iterator

from playwright.sync_api import Browser, Playwright, sync_playwright

PROGRAMS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
FLAGS = ("--disable-gpu", "--disable-sync")  # beside playwright's, which keep it off the network
VARIABLE = "SKETCH_RNN_BROWSER"
HOW = (
    "no browser was found: apt-get install chromium, or .venv/bin/playwright install chromium, "
    f"or set {VARIABLE} to the program of a Chromium or Chrome"
)


class NoBrowser(Exception):
    """There is none; the message says how to get one."""


def find(playwright: Playwright) -> str | None:
    """The program to start, None where there is none; what the environment names is taken as it is."""
    if named := os.environ.get(VARIABLE):
        return named
    return next(filter(None, map(shutil.which, (*PROGRAMS, playwright.chromium.executable_path))), None)


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """A running browser without a window."""
    with sync_playwright() as playwright:
        program = find(playwright)
        if program is None:
            raise NoBrowser(HOW)
        with playwright.chromium.launch(executable_path=program, args=list(FLAGS)) as browser:
            yield browser
