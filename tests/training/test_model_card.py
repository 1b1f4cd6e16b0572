"""The model card: what it says of a run, where its links lead, and that no name in it is taken for Markdown."""

import html
import json
import re
import shlex
import shutil

import pytest
from markdown_it import MarkdownIt
from support.tiny import tiny_hparams, tiny_model
from support.tiny_run import HPARAMS, NUM_STEPS, one_dot, without_validation

from sketch_rnn_keras.hparams import HParams
from sketch_rnn_keras.model.provenance import Provenance
from sketch_rnn_keras.training import history, model_card
from sketch_rnn_keras.training.loop import train
from sketch_rnn_keras.training.model_card import CARD, Results, training_command, write_model_card
from sketch_rnn_keras.training.run_directory import RunDirectory


@pytest.fixture
def card(trained_run):
    return (trained_run.whole / CARD).read_text(encoding="utf-8")


def links(text):
    return re.findall(r"\]\((?!https?:)([^)]+)\)", text)


def commands(text):
    return re.search(r"```\n(sketch-rnn train .*)\n```", text)[1]


# -------------------------------------------------------------------------------------------------------- of a run


def test_a_run_has_a_card_of_its_best_model(card, trained_run):
    best = RunDirectory(trained_run.whole).progress().best_step
    [row] = [
        r for r in history.read(trained_run.whole / "history.csv") if (r["step"], r["split"]) == (str(best), "valid")
    ]
    assert f"Of the validation split after step {best}, the best of {NUM_STEPS} steps:" in card
    for name in ("cost", "recon", "recon_masked", "kl_raw"):
        assert f" | {float(row[name]):.4f} |" in card
    assert links(card) == [f"samples/step_{best:08d}.svg"]


def test_its_links_lead_to_files(card, trained_run):
    assert [link for link in links(card) if not (trained_run.whole / link).is_file()] == []


def test_its_front_matter_is_what_the_hub_reads(card):
    front = card.split("---\n")[1]
    assert front == "library_name: keras\ntags:\n- sketch-rnn\n- sketch\n- keras\n"


def test_it_names_the_data(card, trained_run):
    for source in json.loads((trained_run.whole / "config.json").read_text())["data"]:
        name = source["name"].replace(":", r"\:")
        assert f"- {name} (SHA-256 {source['sha256']}): drawings of the package's own, Apache-2.0\n" in card


def test_its_command_trains_the_same(card, trained_run):
    words = shlex.split(commands(card))
    options = list(zip(words[2::2], words[3::2], strict=True))
    changes = HParams.parse_overrides([value for option, value in options if option == "--set"])
    data = [value for option, value in options if option == "--data"]
    config = HParams.load(trained_run.whole / "config.json")
    assert HParams(data_set=data, **changes) == config


def test_it_names_the_hyperparameters(card):
    assert f"| `z_size` | {HPARAMS.z_size} |" in card
    assert '| `dec_model` | "lstm" |' in card


def test_its_python_runs(card, trained_run, tmp_path, monkeypatch):
    run = shutil.copytree(trained_run.whole, tmp_path / "run")
    monkeypatch.chdir(run)
    exec(re.search(r"```python\n(.*?)```", card, re.DOTALL)[1], {})
    assert (run / "drawings.svg").is_file()


def test_the_same_training_writes_the_same_card_and_a_resumed_one_writes_it_anew(stand_in, data, tmp_path):
    hparams = HPARAMS.replace(num_steps=4, save_every=4)
    for run in ("one", "other"):
        train(hparams, data, tmp_path / run)
    before = (tmp_path / "one" / CARD).read_bytes()
    assert (tmp_path / "other" / CARD).read_bytes() == before
    train(hparams.replace(num_steps=8), data, tmp_path / "one", resume=True)
    assert b"after step 4, the best of 4 steps" in before
    assert b"the best of 8 steps" in (tmp_path / "one" / CARD).read_bytes()


def test_without_validation_it_says_so_and_shows_the_last_sketches(stand_in, data, tmp_path):
    train(HPARAMS.replace(num_steps=8, save_every=4), without_validation(data), tmp_path / "run")
    text = (tmp_path / "run" / CARD).read_text()
    assert "Not known: no validation drawings judged this model." in text
    assert links(text) == ["samples/step_00000008.svg"]


# ----------------------------------------------------------------------------------------------------- of any model


@pytest.fixture
def draws_a_dot(monkeypatch):
    monkeypatch.setattr(model_card, "sample", one_dot)


def test_a_card_alone_has_a_picture_too(draws_a_dot, decoder_only, tmp_path):
    path = write_model_card(decoder_only, tmp_path, file=None, licence="Apache-2.0")
    text = path.read_text()
    assert (links(text), (tmp_path / "samples.svg").is_file()) == (["samples.svg"], True)
    assert text.startswith('---\nlicense: "apache-2.0"\nlibrary_name: keras\n')
    assert "load_model" not in text
    assert "A decoder alone" in text
    assert "kl_weight" not in text


def test_losses_that_are_known_are_shown(draws_a_dot, conditional, tmp_path):
    results = Results("the test split", {"recon_masked": -1.5051})
    text = write_model_card(conditional, tmp_path, results=results).read_text()
    assert "Of the test split:" in text
    losses = text.partition("## Losses")[2].partition("## Data")[0]
    assert re.findall(r"\| (-?\d+\.\d{4}) \|", losses) == ["-1.5051"]


@pytest.mark.parametrize(
    ("name", "licence"),
    [
        ("doodles:owl", "drawings of the package's own, Apache-2.0"),
        ("flying saucer", "Quick, Draw!, Google, CC BY 4.0"),
        ("quickdraw:animals", "Quick, Draw!, Google, CC BY 4.0"),
        ("./cat.npz", "see the data's own licence"),
        ("mine.npz", "see the data's own licence"),
    ],
)
def test_the_licence_of_the_data_is_named_where_it_is_known(draws_a_dot, tmp_path, name, licence):
    text = write_model_card(tiny_model(data_set=[name]), tmp_path).read_text()
    assert f": {licence}\n" in text[text.index("## Data") :]


HOSTILE = "a`](http://x) <img src=x>|\n# big **bold** ```\n---\n[y](z) &lt;\x1b[1m"
AS_SHOWN = "a`](http://x) <img src=x>| # big **bold** ``` --- [y](z) &lt; [1m"


def test_what_files_say_is_not_taken_for_markdown(draws_a_dot, tmp_path):
    model = tiny_model(description=HOSTILE)
    source = {"name": HOSTILE, "sha256": HOSTILE}
    model.provenance = Provenance((source,), origin=HOSTILE, start=source)
    text = write_model_card(model, tmp_path).read_text()
    page = MarkdownIt("commonmark").enable("table").render(text.split("---\n", 2)[2])
    sections = ("To draw with it", "Hyperparameters", "Losses", "Data", "To train it again", "Licence")
    assert re.findall("<h2>(.*)</h2>", page) == list(sections)
    assert set(re.findall("<(img|a)\\b.*?(?:src|href)=.(.*?).[ >]", page)) == {
        ("a", "https://arxiv.org/abs/1704.03477"),
        ("img", "samples.svg"),
    }
    # title, description and origin; data, start and the command, each twice
    assert html.unescape(page).count(AS_SHOWN) == 9
    assert page.count("<strong>") == 0


def test_a_model_that_was_fine_tuned_says_from_what_and_takes_its_shape_again(draws_a_dot, tmp_path):
    model = tiny_model(learning_rate=0.5)
    model.provenance = Provenance(({"name": "pigs.npz"},), start={"name": "doodles", "sha256": "ab" * 32})
    text = write_model_card(model, tmp_path).read_text()
    assert f"Its training began with the weights of doodles (SHA-256 {'ab' * 32})." in text
    command = training_command(model)
    assert command == (
        "sketch-rnn train --run-dir runs/again --from doodles --data pigs.npz "
        f"--set max_seq_len={tiny_hparams().max_seq_len} --set batch_size=4 --set learning_rate=0.5"
    )
