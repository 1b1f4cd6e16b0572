"""The page as a person uses it, in a real browser: every mode, button, key and file, on screens of every kind."""

import json
import re

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from support.hand import ACCENT, DONE, EAR, INK, Hand, amount, seen

from sketch_rnn_keras.conversion import convert, ndjson, svg
from sketch_rnn_keras.conversion.items import Reading
from sketch_rnn_keras.data.datasets import load_dataset

pytestmark = pytest.mark.tensorflow

TABS = ["#tab-together", "#tab-read", "#tab-melt"]


@pytest.fixture
def hand(open_page):
    return Hand(open_page())


@pytest.fixture
def page(hand):
    return hand.page


def strokes_of(hand, folder):
    """The strokes of the drawing, as our own reader finds them in what the page saves."""
    hand.page.locator("details", has=hand.page.locator("#collect")).evaluate("element => { element.open = true }")
    hand.page.click("#collect")
    file = hand.save("#save-ndjson", folder)
    return list(ndjson.read(file, Reading()))[-1]


def wait_until(page, is_so):
    """Waits for what a machine may take its time for, 30 s at least."""
    for _ in range(300):
        if is_so():
            return
        page.wait_for_timeout(100)
    raise AssertionError("not so after 30 s")


def settled(page, locator):
    """What is seen once it does not change any more."""
    looks = [seen(locator)]

    def looks_alike():
        page.wait_for_timeout(200)
        looks.append(seen(locator))
        return np.array_equal(*looks[-2:])

    wait_until(page, looks_alike)
    return looks[-1]


# -------------------------------------------------------------------------------------------------- draw together


def test_the_model_goes_on_in_its_colour_where_the_pen_was_lifted(hand, page):
    assert amount(seen(page.locator("#pad")), INK) == 0
    hand.draw()
    hand.wait_for("The model goes on…")
    hand.wait_for(DONE)
    sheet = seen(page.locator("#pad"))
    assert amount(sheet, INK) > 500
    assert amount(sheet, ACCENT) > 500
    for k in range(9):
        ending = seen(page.locator("#endings canvas").nth(k))
        assert amount(ending, INK, 90) > 50
        assert amount(ending, ACCENT, 90) > 50


def test_the_model_draws_point_by_point(hand, page):
    page.locator("#speed").evaluate("element => { element.value = 10 }")
    hand.draw()
    hand.wait_for("The model goes on…")
    amounts = []

    def is_drawn():
        amounts.append(amount(seen(page.locator("#pad")), ACCENT))
        return page.locator("#status").text_content() != "The model goes on…"

    wait_until(page, is_drawn)
    assert amounts == sorted(amounts)
    assert len(set(amounts)) >= 4


def test_drawing_on_lets_the_ending_go_and_loses_nothing_of_ones_own(hand, page, tmp_path):
    hand.draw()
    hand.wait_for("The model goes on…")
    hand.draw(EAR)
    hand.wait_for(DONE)
    assert amount(seen(page.locator("#pad")), INK) > 500
    assert len(strokes_of(hand, tmp_path).lengths) == 2


def test_two_strokes_in_a_row_are_one_beginning(hand, page, tmp_path):
    hand.draw()
    hand.draw(EAR)
    assert page.locator("#status").text_content() == ""
    hand.wait_for(DONE)
    assert len(strokes_of(hand, tmp_path).lengths) == 2


def test_an_ending_that_is_tapped_is_kept_and_can_be_undone(hand, page, tmp_path):
    hand.draw()
    hand.wait_for(DONE)
    page.locator("#endings button").nth(4).click()
    hand.wait_for("Kept. Draw on, or save it.")
    assert len(strokes_of(hand, tmp_path).lengths) > 1
    page.click("#undo")
    assert amount(seen(page.locator("#pad")), ACCENT) == 0
    assert len(strokes_of(hand, tmp_path).lengths) == 1


@pytest.mark.parametrize("how", ["button", "space"])
def test_finish_it(how, hand, page, tmp_path):
    hand.draw()
    if how == "button":
        page.click("#finish")
    else:
        page.keyboard.press("Space")
    hand.wait_for("Kept. Draw on, or save it.")
    assert len(strokes_of(hand, tmp_path).lengths) > 1


def test_start_for_me(hand, page):
    page.click("#start")
    hand.wait_for(DONE)
    sheet = seen(page.locator("#pad"))
    assert amount(sheet, ACCENT) > 500
    assert amount(sheet, INK) == 0


def test_nine_others_are_others_and_the_seed_brings_the_first_back(hand, page):
    hand.draw()
    hand.wait_for(DONE)
    first = seen(page.locator("#endings"))
    page.click("#others")
    hand.wait_for("The model goes on…")
    hand.wait_for(DONE)
    page.mouse.move(0, 0)
    assert page.input_value("#seed") == "1"
    assert np.any(seen(page.locator("#endings")) != first)
    page.locator("details", has=page.locator("#seed")).evaluate("element => { element.open = true }")
    page.fill("#seed", "0")
    page.locator("#seed").blur()
    hand.wait_for("The model goes on…")
    hand.wait_for(DONE)
    assert np.abs(seen(page.locator("#endings")) - first).max() <= 8  # they stand a fraction of a pixel elsewhere


def test_escape_stops_the_model(hand, page):
    page.locator("#speed").evaluate("element => { element.value = 10 }")
    hand.draw()
    hand.wait_for("The model goes on…")
    page.keyboard.press("Escape")
    assert amount(seen(page.locator("#pad")), ACCENT) == 0
    assert amount(seen(page.locator("#pad")), INK) > 500


def test_undo_redo_and_clear_by_buttons_and_by_keys(hand, page):
    def ink():
        return amount(seen(page.locator("#pad")), INK)

    hand.draw()
    one = ink()
    hand.draw(EAR)
    both = ink()
    page.keyboard.press("Control+z")
    assert ink() == one < both
    page.keyboard.press("Control+Shift+z")
    assert ink() == both
    page.click("#undo")
    page.keyboard.press("Control+y")
    assert ink() == both
    page.click("#clear")
    assert ink() == 0
    expect(page.locator("#clear")).to_be_disabled()
    page.click("#undo")
    assert ink() == both
    page.click("#redo")
    assert ink() == 0


def test_a_finger_draws_as_a_mouse_does(open_page):
    hand = Hand(open_page(width=360, height=700, touch=True))
    hand.draw_with_a_finger()
    hand.wait_for(DONE)
    sheet = seen(hand.page.locator("#pad"))
    assert amount(sheet, INK) > 300
    assert amount(sheet, ACCENT) > 300


# ------------------------------------------------------------------------------------------------ read mine, melt


def test_a_drawing_is_read_and_drawn_again_and_its_code_can_be_pulled(hand, page):
    hand.draw()
    hand.wait_for(DONE)
    page.click("#finish")
    page.click("#tab-read")
    hand.wait_for("Read. These are drawn from the code alone.")
    first = page.locator("#reconstructions canvas").first
    expect(page.locator("#bars [role=slider]")).to_have_count(16)
    wait_until(page, lambda: amount(seen(first), ACCENT, 90) > 100)
    before = settled(page, first)
    bar = page.locator("#bars [role=slider]").nth(9)
    value = float(bar.get_attribute("aria-valuenow"))
    bar.focus()
    page.keyboard.press("ArrowUp")
    assert float(bar.get_attribute("aria-valuenow")) == pytest.approx(value + 0.1, abs=0.06)
    box = bar.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 2)
    assert float(bar.get_attribute("aria-valuenow")) > 2.5
    wait_until(page, lambda: np.any(seen(first) != before))
    page.click("#surprise")
    hand.wait_for("A code drawn at random.")
    page.click("#take")
    assert amount(seen(page.locator("#pad")), ACCENT) > 100
    page.click("#undo")
    assert amount(seen(page.locator("#pad")), INK) > 100


def test_modes_that_read_take_a_model_that_can_and_list_no_other(hand, page):
    assert page.locator("#model option:checked").text_content() == "doodles-decoder"
    page.click("#tab-read")
    assert page.locator("#model option").all_text_contents() == ["doodles", "short"]
    page.click("#tab-together")
    assert page.locator("#model option:checked").text_content() == "doodles-decoder"


def test_melting_leads_from_one_drawing_to_another(hand, page):
    hand.draw()
    page.click("#finish")
    hand.wait_for("Kept. Draw on, or save it.")
    page.click("#tab-melt")
    expect(page.locator("#play")).to_be_enabled()
    between = page.locator("#between")
    wait_until(page, lambda: amount(seen(between), ACCENT) > 100)
    start = settled(page, between)
    page.locator("#way").fill("24")
    wait_until(page, lambda: np.any(seen(between) != start))
    end = settled(page, between)
    page.locator("#way").fill("0")
    page.click("#play")
    expect(page.locator("#play")).to_have_text("Stop")
    wait_until(page, lambda: int(page.input_value("#way")) > 2)
    page.click("#play")
    place = page.input_value("#way")
    page.wait_for_timeout(300)
    assert page.input_value("#way") == place
    page.locator("#way").fill("24")
    page.click("#to-random")
    wait_until(page, lambda: np.any(seen(between) != end))


def test_yours_without_a_drawing_is_said(hand, page):
    page.click("#tab-melt")
    expect(page.locator("#play")).to_be_enabled()
    page.click("#from-yours")
    expect(page.locator("#status")).to_contain_text("no drawing of yours yet")


# ----------------------------------------------------------------------------------------------- limits, errors


def test_a_model_that_never_ends_is_cut_and_that_is_said(hand):
    hand.choose("endless")
    hand.draw(EAR)
    hand.wait_for("The model did not stop by itself: it was cut at 12 points, the most it can draw.")


def test_a_drawing_that_is_too_long_is_said_and_not_lost(hand, page):
    hand.choose("short")
    hand.draw()
    expect(page.locator("#status")).to_contain_text("this model takes at most 4")
    assert amount(seen(page.locator("#pad")), INK) > 500
    page.click("#tab-read")
    hand.choose("short")
    expect(page.locator("#status")).to_contain_text("this model takes at most 4")
    assert amount(seen(page.locator("#pad")), INK) > 500


@pytest.mark.parametrize("button", ["#save-svg", "#save-png", "#save-animated", "#collect"])
def test_nothing_to_save_is_said(button, hand, page):
    page.locator("details", has=page.locator(button)).evaluate("element => { element.open = true }")
    page.click(button)
    expect(page.locator("#status")).to_contain_text("draw something first")


def test_a_broken_model_is_said_and_the_others_draw(open_page, page_file, tmp_path):
    def cut(match):
        document = json.loads(match[1])
        if document["name"] == "doodles-decoder":
            document["weights"] = document["weights"][:4000]
        return f'<script type="application/json" class="model">{json.dumps(document)}</script>'

    pattern = r'<script type="application/json" class="model">(.*?)</script>'
    file = tmp_path / "broken.html"
    file.write_text(re.sub(pattern, cut, page_file.read_text(), flags=re.DOTALL))
    hand = Hand(open_page(file))
    expect(hand.page.locator("#status")).to_contain_text("doodles-decoder: its weights end before")
    hand.draw()
    expect(hand.page.locator("#status")).to_contain_text("cannot be used")
    hand.choose("doodles")
    hand.wait_for(DONE)
    assert amount(seen(hand.page.locator("#pad")), INK) > 500


# --------------------------------------------------------------------------------------------------------- files


@pytest.fixture
def finished(hand, page):
    hand.draw()
    hand.draw(EAR)
    page.click("#finish")
    hand.wait_for("Kept. Draw on, or save it.")
    return hand


@pytest.mark.parametrize("button", ["#save-svg", "#save-animated"])
def test_an_svg_is_read_back_by_our_own_reader(button, finished, tmp_path):
    strokes = len(strokes_of(finished, tmp_path).lengths)
    (drawing,) = svg.read(finished.save(button, tmp_path), Reading())
    assert len(drawing.lengths) == strokes > 2


def test_a_moving_svg_draws_itself(finished, open_page, tmp_path):
    file = finished.save("#save-animated", tmp_path)
    page = open_page(file)
    early = amount(seen(page.locator("svg")), (255, 255, 255))
    wait_until(page, lambda: amount(seen(page.locator("svg")), (255, 255, 255)) < early)


def test_a_png_shows_the_drawing(finished, tmp_path):
    picture = np.asarray(Image.open(finished.save("#save-png", tmp_path)).convert("RGB")).astype(int)
    assert picture.shape == (1024, 1024, 3)
    assert amount(picture, INK) > 1000
    assert amount(picture, ACCENT) > 1000


def test_drawings_become_training_data(hand, page, tmp_path):
    page.locator("details", has=page.locator("#word")).evaluate("element => { element.open = true }")
    page.fill("#word", "My Cat <3")
    for _ in range(6):
        page.click("#clear", force=True)
        hand.draw(EAR)
        page.click("#collect")
    file = hand.save("#save-ndjson", tmp_path)
    assert file.name == "My Cat 3.ndjson"
    drawings = list(ndjson.read(file, Reading()))
    assert len(drawings) == 6
    assert drawings[0].category == "My Cat 3"
    assert (drawings[0].points.min(), drawings[0].points.max()) == (0, 255)
    convert(file, tmp_path / "mine.npz", splits=(4, 1, 1))
    data = load_dataset(tmp_path / "mine.npz")
    assert len(data.train) + len(data.valid) + len(data.test) == 6


# ------------------------------------------------------------------------------------------------- screens, people


@pytest.mark.parametrize("tab", TABS)
def test_nothing_is_wider_than_a_small_phone(tab, open_page):
    page = open_page(width=320, height=600, touch=True)
    page.click(tab)
    page.wait_for_timeout(300)
    for details in page.locator("details").all():
        details.evaluate("element => { element.open = true }")
    assert page.evaluate("() => document.documentElement.scrollWidth") == 320
    heights = page.locator("button:visible").evaluate_all("all => all.map(each => each.getBoundingClientRect().height)")
    assert min(heights) >= 44


def test_it_is_dark_where_the_user_likes_it_dark_and_can_be_turned(open_page):
    page = open_page(dark=True)
    assert seen(page.locator("body"))[5, 5].max() < 60
    page.locator("details", has=page.locator("#theme")).evaluate("element => { element.open = true }")
    page.click("#theme")
    assert seen(page.locator("body"))[5, 5].min() > 200


def test_the_tabs_can_be_turned_with_the_keyboard(hand, page):
    page.focus("#tab-together")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#tab-read")).to_be_focused()
    expect(page.locator("#read")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#together")).to_be_visible()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("tab", TABS)
def test_axe_finds_nothing_serious(tab, dark, open_page):
    page = open_page(dark=dark, bypass_csp=True)
    hand = Hand(page)
    hand.draw()
    page.click("#finish")
    hand.wait_for("Kept. Draw on, or save it.")
    page.click(tab)
    page.wait_for_timeout(500)
    for details in page.locator("details").all():
        details.evaluate("element => { element.open = true }")
    violations = Axe().run(page).response["violations"]
    assert [found["id"] for found in violations if found["impact"] in ("serious", "critical")] == []
