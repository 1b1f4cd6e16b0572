"""The page as a file: what is in it, what it may do, and that nothing in a model's name gets out of its place."""

import base64
import hashlib
import html.parser
import json
import re
import sys

import pytest
from support.tiny import tiny_model

from sketch_rnn_keras import web
from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.web import modules
from sketch_rnn_keras.web import page as pages

pytestmark = pytest.mark.tensorflow

HOSTILE = "</script><script>boom()</script><!-- {{app}} & \"'\u2028\ud800"


class Elements(html.parser.HTMLParser):
    """Every element of a page: its tag, its attributes and, of a script or style, its text."""

    def __init__(self, text):
        super().__init__()
        self.found, self.inside = [], False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append([tag, dict(attributes), ""])
        self.inside = True

    def handle_endtag(self, tag):
        self.inside = False

    def handle_data(self, data):
        if self.inside:
            self.found[-1][2] += data

    def all(self, tag, **attributes):
        return [
            (found, text)
            for name, found, text in self.found
            if name == tag and all(found.get(key) == value for key, value in attributes.items())
        ]


def text_of(models, **options):
    return pages.page(pages.entries(models), **options)


def documents_of(text):
    return [json.loads(found) for _, found in Elements(text).all("script", type="application/json")]


def digest(text):
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@pytest.fixture(scope="module")
def text(decoder_only):
    return text_of({"tiny": decoder_only})


# ------------------------------------------------------------------------------------------------------- what it may do


def policy_of(text):
    [(found, _)] = Elements(text).all("meta", **{"http-equiv": "Content-Security-Policy"})
    return dict(part.strip().split(" ", 1) for part in found["content"].split(";"))


def test_the_policy_allows_its_own_script_and_style_and_no_request(text):
    elements = Elements(text)
    [(_, script)] = elements.all("script", type="module")
    [(_, style)] = elements.all("style")
    assert policy_of(text) == {
        "default-src": "'none'",
        "script-src": f"'{digest(script)}'",
        "style-src": f"'{digest(style)}'",
        "worker-src": "blob:",
        "img-src": "data: blob:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def test_it_names_no_other_file_and_no_handler(text):
    for tag, attributes, _ in Elements(text).found:
        names = {"src", "href", "srcset", "action", "style", "data"} & set(attributes)
        assert not names, (tag, attributes)
        assert not [name for name in attributes if name.startswith("on")], (tag, attributes)


def test_the_policy_stands_before_all_that_it_rules(text):
    tags = [tag for tag, *_ in Elements(text).found]
    assert tags.index("meta") < tags.index("style") < tags.index("script")
    assert text.index("Content-Security-Policy") < text.index("<style")


@pytest.mark.parametrize("attributes", [{"type": "module"}, {"id": "worker"}], ids=["app", "worker"])
def test_scripts_are_joined(text, attributes):
    [(_, script)] = Elements(text).all("script", **attributes)
    assert not re.search(r"^(import|export)\b", script, re.MULTILINE)
    assert len(script) > 5000


def test_no_place_is_left_open(text):
    assert not re.search(r"\{\{\w+\}\}", text)


# -------------------------------------------------------------------------------------------------------- what is in it


def test_the_same_models_make_the_same_bytes(decoder_only, tmp_path):
    first, second = (web.write_page({"tiny": decoder_only}, tmp_path / f"{k}.html").read_bytes() for k in range(2))
    assert first == second


def test_models_keep_their_order_and_have_distinct_names(decoder_only, conditional, tmp_path):
    for name in ("b.keras", "a/model.keras", "a.keras"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (conditional if name == "b.keras" else decoder_only).save(tmp_path / name)
    names = [tmp_path / "b.keras", tmp_path / "a.keras", tmp_path / "a"]
    documents = documents_of(text_of(names))
    assert [each["name"] for each in documents] == ["b", "a", "a 2"]
    assert [each["hparams"]["conditional"] for each in documents] == [True, False, False]


def test_a_preset_says_what_it_draws():
    [document] = documents_of(text_of("doodles-decoder"))
    assert document["name"] == "doodles-decoder"
    assert "endings" in document["title"]


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("models/bird.gen.json", "bird"),
        ("cats.of.mine.keras", "cats.of.mine"),
        ("runs/cat/", "cat"),
        ("hf://user/name", "name"),
        (".", "folder"),
    ],
)
def test_a_model_is_called_as_a_person_would_call_it(name, called, decoder_only, tmp_path, monkeypatch):
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path / "folder")
    assert pages.entries([name], lambda _: decoder_only) == [(called, "", decoder_only)]


def test_one_model_needs_no_name(decoder_only):
    assert [each["name"] for each in documents_of(text_of(decoder_only))] == ["model"]


def test_float32_weights_take_twice_the_place(decoder_only):
    sizes = [len(documents_of(text_of(decoder_only, float32=kept))[0]["weights"]) for kept in (True, False)]
    assert sizes[0] == pytest.approx(2 * sizes[1], rel=0.01)


def test_a_hostile_name_stays_text(decoder_only):
    text = text_of({HOSTILE: decoder_only})
    assert [each["name"] for each in documents_of(text)] == [HOSTILE]
    harmless = text_of({"tiny": decoder_only})
    assert [tag for tag, *_ in Elements(text).found] == [tag for tag, *_ in Elements(harmless).found]
    assert policy_of(text) == policy_of(harmless)


def test_a_hostile_title_stays_text(decoder_only):
    title = '</title><script>boom()</script> {{app}} & "'
    text = text_of(decoder_only, title=title)
    [(_, found)] = Elements(text).all("title")
    assert found == title
    assert len(Elements(text).all("script")) == 3


def test_nothing_of_a_name_or_title_runs(decoder_only, tmp_path, open_page):
    file = web.write_page({HOSTILE: decoder_only}, tmp_path / "a.html", title="</title><script>boom()</script>")
    page = open_page(file)
    assert page.title() == "</title><script>boom()</script>"
    assert page.locator("#model option").first.text_content() == HOSTILE


# ------------------------------------------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("models", "message"),
    [
        ([], "at least one"),
        ({}, "at least one"),
        ({"": None}, "names of some characters, received ''"),
        ({3: None}, "names of some characters, received 3"),
        ({"cat": "doodles"}, "a SketchRNN as 'cat', received 'doodles'"),
        (["doodle"], "did you mean doodles?"),
    ],
    ids=str,
)
def test_what_is_no_model_is_refused(models, message, tmp_path):
    with pytest.raises(InputError, match=re.escape(message)):
        web.write_page(models, tmp_path / "page.html")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("title", [None, "two\nlines", "\ud800"], ids=repr)
def test_a_title_is_a_line_of_text(title, decoder_only):
    with pytest.raises(InputError, match="title: expected a line of text, received"):
        text_of(decoder_only, title=title)


def test_another_suffix_is_refused_before_a_model_is_opened(tmp_path):
    with pytest.raises(InputError, match="ending in .html, received '.htm'"):
        web.write_page("no such model", tmp_path / "page.htm")


def test_what_cannot_be_written_is_said(decoder_only, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written"):
        web.write_page(decoder_only, tmp_path / "file" / "page.html")


def test_weights_too_large_for_float16_are_refused_by_name(tmp_path):
    model = tiny_model()
    model.output_head.bias.assign(model.output_head.bias.numpy() + 1e6)
    with pytest.raises(InputError, match="big: output_head.bias: some weights are too large for float16"):
        web.write_page({"big": model}, tmp_path / "page.html")
    assert list(tmp_path.iterdir()) == []
    web.write_page({"big": model}, tmp_path / "page.html", float32=True)


# ------------------------------------------------------------------------------------------------------ joining modules

GOOD = {
    "a.js": 'import { b, C } from "./b.js";\nimport { d } from "./d.js";\nconsole.log(b, C, d);\n',
    "b.js": 'import { d } from "./d.js";\nexport const b = d;\nexport class C {}\n',
    "d.js": "// not import nor\nconst hidden = 1;\nexport function d() {}\n",
}


def joined(folder, changes):
    for name, text in (GOOD | changes).items():
        (folder / name).write_text(text)
    return modules.joined(folder, "a.js")


def test_what_is_imported_stands_first_and_once(tmp_path):
    assert joined(tmp_path, {}) == (
        "// not import nor\nconst hidden = 1;\nfunction d() {}\n\nconst b = d;\nclass C {}\n\nconsole.log(b, C, d);\n"
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"d.js": "export function d() {}\nconst b = 2;\n"}, "d.js and b.js both define b at the top"),
        ({"d.js": "export function e() {}\n"}, "b.js imports d, which d.js does not export"),
        ({"d.js": 'import { b } from "./b.js";\nexport const d = b;\n'}, "d.js imports b.js: modules in a circle"),
        ({"d.js": "export const d = 1;\nexport default d;\n"}, "received 'export default d;'"),
        ({"d.js": 'import * as x from "./y.js";\nexport const d = 1;\n'}, "received 'import * as x"),
        ({"d.js": 'import { b as x } from "./b.js";\nexport const d = 1;\n'}, "modules in a circle"),
        ({"a.js": 'import { b as x } from "./b.js";\n'}, "a.js imports b as x, which b.js does not export"),
        ({"d.js": "export const d = 1;\nconst { x } = d;\n"}, "received 'const { x } = d;'"),
    ],
)
def test_what_cannot_be_joined_is_refused(changes, message, tmp_path):
    with pytest.raises(ValueError, match=re.escape(message)):
        joined(tmp_path, changes)


@pytest.mark.parametrize("text", ["'</script>'", "'<!--'", "'</STYLE'"])
def test_a_script_that_would_end_early_is_refused(text):
    with pytest.raises(ValueError, match="cannot stand within"):
        pages._inside(f"const x = {text};")


# -------------------------------------------------------------------------------------------------------- in a notebook


@pytest.fixture
def displayed(monkeypatch):
    from IPython import display

    shown = []
    monkeypatch.setattr(display, "display", shown.append)
    return shown


@pytest.mark.filterwarnings("error::UserWarning:IPython")
def test_show_displays_the_page_in_a_frame_of_its_own(decoder_only, displayed):
    web.show(decoder_only, height=500)
    [(frame, _)] = Elements(displayed[0].data).all("iframe")
    assert (frame["height"], frame["sandbox"]) == ("500", "allow-scripts allow-downloads")
    assert frame["srcdoc"] == text_of(decoder_only)


def test_the_page_works_in_its_frame(decoder_only, displayed, open_page, tmp_path):
    web.show("doodles-decoder")
    file = tmp_path / "notebook.html"
    file.write_text(f"<!doctype html><meta charset='utf-8'>{displayed[0].data}", encoding="utf-8")
    page = open_page(file).frame_locator("iframe")
    page.locator("#start").click()
    page.locator("#endings button:not([disabled])").first.wait_for()


@pytest.mark.parametrize("height", [0, 1.5, "tall", True])
def test_a_height_is_a_number_of_pixels(height, decoder_only):
    with pytest.raises(InputError, match="height: expected a whole number >= 1"):
        web.show(decoder_only, height=height)


def test_show_without_ipython_says_what_to_do(decoder_only, monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython.display", None)
    with pytest.raises(InputError, match="IPython is not installed.*write_page"):
        web.show(decoder_only)
