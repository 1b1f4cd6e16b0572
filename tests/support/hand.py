"""A person at the page: draws on its sheet with a mouse or a finger, waits for the model, looks, and saves."""

import io
import math
import re

import numpy as np
from PIL import Image
from playwright.sync_api import expect

CIRCLE = [(0.5 - 0.2 * math.sin(t / 40 * 2 * math.pi), 0.45 - 0.18 * math.cos(t / 40 * 2 * math.pi)) for t in range(40)]
EAR = [(0.36, 0.34), (0.34, 0.26), (0.35, 0.2), (0.4, 0.24), (0.45, 0.29)]
INK, ACCENT = (0x1B, 0x1B, 0x1F), (0xC2, 0x41, 0x0C)  # of the person and of the model, in the light theme
expect.set_options(timeout=30_000)  # ms: a machine may take its time
DONE = re.compile(r"^(Finished|The model did not stop|The model finds)")


class Hand:
    """Draws on the sheet of `page`; points lie on it from (0, 0) to (1, 1)."""

    def __init__(self, page):
        self.page = page

    def places(self, points):
        sheet = self.page.locator("#pad")
        sheet.scroll_into_view_if_needed()
        box = sheet.bounding_box()
        return [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]

    def draw(self, points=CIRCLE):
        """One pen stroke with the mouse."""
        (x, y), *others = self.places(points)
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        for x, y in others:
            self.page.mouse.move(x, y)
        self.page.mouse.up()

    def draw_with_a_finger(self, points=CIRCLE):
        session = self.page.context.new_cdp_session(self.page)
        (x, y), *others = self.places(points)
        session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
        for x, y in others:
            session.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": x, "y": y}]})
        session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    def wait_for(self, text):
        expect(self.page.locator("#status")).to_have_text(text)

    def choose(self, model):
        self.page.select_option("#model", label=model)

    def save(self, button, folder):
        """The file that a button of "Save" gives."""
        details = self.page.locator("details", has=self.page.locator(button))
        if not details.get_attribute("open"):
            details.evaluate("element => { element.open = true }")
        with self.page.expect_download() as download:
            self.page.click(button)
        file = folder / download.value.suggested_filename
        download.value.save_as(file)
        return file


def seen(locator):
    """What a person sees there: `[height, width, 3]`."""
    return np.asarray(Image.open(io.BytesIO(locator.screenshot())).convert("RGB")).astype(int)


def amount(picture, colour, tolerance=40):
    """The number of pixels of about this colour."""
    return int((np.abs(picture - colour).max(axis=2) < tolerance).sum())
