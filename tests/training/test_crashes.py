"""What writes files, ended by a crash or a full disk at any of its operations on files, and the same command once more.

`python -m support.crash_matrix` (tests/support/) does it, in a process of its own; what it finds is looked at here.
What takes longer, and real kills, are in `make torture`.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="the crash matrix reads Linux's /proc"),
    pytest.mark.tensorflow,  # files are the same under both backends; once is enough
]
TESTS = Path(__file__).parent.parent
# At least so many; otherwise not all are seen.
OPERATIONS = {
    "train": 100,
    "train, rolled back": 150,
    "convert, replacing": 8,
    "convert to a folder": 40,
    "download": 20,
    "convert-model to .keras": 8,
    "picture as .svg": 8,
}


def campaign(name: str, folder: Path, *scenarios: str) -> dict:
    command = [sys.executable, "-m", "support.crash_matrix", name, str(folder), *scenarios]
    environment = os.environ | {"PYTHONPATH": f"{TESTS}{os.pathsep}{TESTS.parent}"}
    result = subprocess.run(command, cwd=TESTS, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[-2000:]
    return json.loads(result.stdout)


def test_after_a_crash_at_any_operation_the_same_command_leaves_the_same_folder(tmp_path):
    for scenario, found in campaign("crashes", tmp_path / "place", *OPERATIONS).items():
        assert found.pop("operations") >= OPERATIONS[scenario]
        assert found.pop("states") > 3
        assert found == {"differences": {}, "lost": [], "torn": {}}, scenario


def test_a_full_disk_ends_in_a_sentence_and_what_it_spoils_is_pictures(tmp_path):
    found = campaign("full disks", tmp_path / "place", "train")["train"]
    assert found["operations"] >= 100
    spoiled = {name for names in found["differences"].values() for name in names}
    assert spoiled <= {"model_card.md", "samples.svg", "samples/step_00000002.svg", "samples/step_00000004.svg"}
    assert any("last.npz: cannot be written (No space left on device)" in sentence for sentence in found["said"])
    assert all(len(sentence) < 500 for sentence in found["said"])
