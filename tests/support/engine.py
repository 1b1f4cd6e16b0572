"""The engine of the web page, in Node and in a browser: a model's document and jobs for it -> what it answers."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from sketch_rnn_keras.web import modules, weights

WEB = Path(weights.__file__).parent
DRIVER = Path(__file__).with_name("engine_driver.js")
MODULES = ("random.js", "engine.js")
_MAIN = """
import { readFileSync } from "node:fs";
import { answer } from "./engine_driver.js";
process.stdout.write(JSON.stringify(answer(JSON.parse(readFileSync("request.json")))));
"""


class Node:
    """Runs the engine's modules, from a folder of its own, in the Node of `program`."""

    def __init__(self, program: str, folder: Path):
        self.program, self.folder = program, folder
        for file in [DRIVER, *(WEB / name for name in MODULES)]:
            shutil.copy(file, folder)
        (folder / "package.json").write_text('{"type": "module"}')
        (folder / "main.js").write_text(_MAIN)

    def __call__(self, document: dict | None, *jobs: dict[str, Any]) -> list[Any]:
        (self.folder / "request.json").write_text(json.dumps({"document": document, "jobs": jobs}))
        done = subprocess.run(
            [self.program, "main.js"], cwd=self.folder, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def in_browser(browser: Any, folder: Path, document: dict | None, *jobs: dict[str, Any]) -> list[Any]:
    """As `Node.__call__`, in a running browser; `folder` is that of a `Node`."""
    page = browser.new_page()
    try:
        page.add_script_tag(content=modules.joined(folder, DRIVER.name))
        return page.evaluate("request => answer(request)", {"document": document, "jobs": jobs})
    finally:
        page.close()
