"""Drawing in a browser: our engine beside @magenta/sketch, the package of Sketch-RNN's published demos.

Prints a Markdown table. Each contender draws one sketch after another, point by point, from the same model, in a
thread of Chromium or of Node. @magenta/sketch runs on TensorFlow.js' backend "cpu": where there is no graphics card
"webgl" took 6 times as long, and "wasm" lacks what the package asks of it. Needs playwright and a Chromium or Chrome,
node and npm; what is not there is not measured.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from harness import chosen, compare, has, machine, median, parser, ratio, serve, table

sys.path.append(str(Path(__file__).parents[1] / "tests"))  # support.browser finds a browser for the tests, too

TURNS, NODE_TURNS = (Path(__file__).with_name(name) for name in ("web_turns.js", "web_node.js"))
CLIENT = "@magenta/sketch@0.2.0"
WORKER, NINE, THEIRS = (
    "ours, a Worker in Chromium",
    "ours, the same, nine sketches at once",
    "@magenta/sketch, Chromium",
)
NODE, THEIRS_IN_NODE = "ours, Node", "@magenta/sketch, Node"
LONGEST = 200  # points of a sketch of the random model


def arguments():
    options = parser(__doc__)
    options.add_argument("--model", help="a .gen.json; by default random weights")
    options.add_argument("--dec-rnn-size", type=int, default=512, help="of the random decoder")
    options.add_argument("--milliseconds", type=int, default=2000, help="of a turn")
    options.add_argument("--folder", type=Path, help=argparse.SUPPRESS)  # with all that `prepare` puts there
    return options.parse_args()


def prepare(options, folder: Path) -> None:
    """Write the model as our document and as sketch-rnn-js' JSON, and the scripts of our worker and engine."""
    from sketch_rnn_keras import HParams, SketchRNN, load_model
    from sketch_rnn_keras.interop import sketch_js
    from sketch_rnn_keras.web.modules import joined
    from sketch_rnn_keras.web.page import FOLDER
    from sketch_rnn_keras.web.weights import document

    if options.model:
        shutil.copy(options.model, folder / "model.gen.json")
    else:
        hparams = HParams(conditional=False, dec_rnn_size=options.dec_rnn_size, max_seq_len=LONGEST)
        sketch_js.save(SketchRNN(hparams, scale_factor=40.0), folder / "model.gen.json")
    ours = document(load_model(folder / "model.gen.json"), "model", "", float32=True)
    (folder / "document.json").write_text(json.dumps(ours))
    for module in ("worker.js", "engine.js"):
        (folder / module).write_text(joined(FOLDER, module))


def install_client(folder: Path) -> bool:
    """Let npm put @magenta/sketch into the folder; whether it could."""
    if not shutil.which("npm"):
        return False
    options = ["--no-audit", "--no-fund", "--ignore-scripts", "--prefix", folder, "--fetch-retries", "1"]
    return subprocess.run(["npm", "install", *options, CLIENT], capture_output=True, timeout=300).returncode == 0


def result(turn: dict) -> dict:
    """What `serve` reports: seconds for each point."""
    return {"seconds": turn["seconds"] / turn["points"]}


def serve_chromium(options, name: str) -> None:
    from support.browser import chromium

    folder = options.folder
    with chromium() as browser:
        page = browser.new_page()
        page.goto("about:blank")
        page.add_script_tag(path=TURNS)
        if name == THEIRS:
            page.add_script_tag(path=folder / "node_modules/@magenta/sketch/dist/magentasketch.js")
            model = json.loads((folder / "model.gen.json").read_text())
            page.evaluate("ms.tf.setBackend('cpu')")
            page.evaluate("model => { window.turn = sketchTurns(ms.SketchRNN, model); }", model)
        else:
            parts = [(folder / "worker.js").read_text(), json.loads((folder / "document.json").read_text())]
            page.evaluate("parts => { window.turn = workerTurns(...parts); }", parts)
        turn = [options.milliseconds, 9 if name == NINE else 1]
        serve(lambda: result(page.evaluate("options => turn(...options)", turn)))


def serve_node(options, name: str) -> None:
    who = "theirs" if name == THEIRS_IN_NODE else "ours"
    command = ["node", NODE_TURNS, options.folder, who, str(options.milliseconds)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:

        def call() -> dict:
            process.stdin.write("\n")
            process.stdin.flush()
            return result(json.loads(process.stdout.readline()))

        serve(call)


def measurable(folder: Path) -> dict[str, str]:
    """What cannot be measured here, and what it lacks."""
    lacks = {}
    if not has("playwright"):
        lacks |= dict.fromkeys((WORKER, NINE, THEIRS), "playwright")
    else:
        from playwright.sync_api import sync_playwright
        from support.browser import find

        with sync_playwright() as playwright:
            if find(playwright) is None:
                lacks |= dict.fromkeys((WORKER, NINE, THEIRS), "a browser")
    if not shutil.which("node"):
        lacks |= dict.fromkeys((NODE, THEIRS_IN_NODE), "node")
    if not install_client(folder):
        lacks |= dict.fromkeys((THEIRS, THEIRS_IN_NODE), f"npm's {CLIENT}")
    return lacks


def main():
    options = arguments()
    if options.contender:
        return (serve_node if "Node" in options.contender else serve_chromium)(options, options.contender)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        lacks = measurable(folder)
        names = [name for name in chosen(options, [WORKER, NINE, THEIRS, NODE, THEIRS_IN_NODE]) if name not in lacks]
        if names:
            prepare(options, folder)
            sys.argv += ["--folder", temporary]
            report(options, compare(names, options.rounds))
    if lacks:
        print("\nnot measured: " + "; ".join(f"{name}, for want of {what}" for name, what in lacks.items()))
    return None


def report(options, contenders) -> None:
    what = options.model or f"random weights, an LSTM decoder of {options.dec_rnn_size} units"
    print(f"{machine()}; {what}; medians of {options.rounds} rounds\n")
    others = [one for one in contenders if one.name in (THEIRS, THEIRS_IN_NODE)]
    rows = []
    for contender in contenders:
        rate = 1 / median(turn["seconds"] for turn in contender.results)
        rows.append([contender.name, f"{rate:.0f}", *(f"{ratio(contender, other):.2f}" for other in others)])
    print(table(["contender", "points/s", *(f"times as fast as {other.name}" for other in others)], rows))


if __name__ == "__main__":
    main()
