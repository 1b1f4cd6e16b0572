"""What the same command makes of a folder that a crash or a full disk has left, for every operation on files.

    python -m support.crash_matrix CAMPAIGN FOLDER SCENARIO...     (in tests/; the folder is new)

Prints, by scenario (`support/writers.py`), a JSON object: `operations`, how many there are, and `differences`, by
operation, the files that are not as in a folder that was left in peace. Of crashes also `states`, how many different
folders they have left, `lost`, the power cuts that took a checkpoint that was there before, and `torn`, by operation,
the files that were seen half-written. A process of its own, since what hears of operations cannot be taken away again.
"""

import errno
import itertools
import json
import os
import re
import shutil
import sys
import warnings
from pathlib import Path
from typing import Any

from support import tiny_run
from support.crashes import FileOperations, crash_everywhere
from support.writers import SCENARIOS, Scenario

from sketch_rnn_keras.errors import InputError, TrainingWarning
from sketch_rnn_keras.files.records import RECORD_SUFFIX

TIMED = re.compile(r"clock\.json|events\.out\.tfevents\..*")  # what differs from run to run
UNLIKE = re.compile(r".*\.(onnx|pb)|variables\..*")  # what TensorFlow puts random numbers into


def files(folder: Path) -> dict[str, bytes]:
    """Every file by its name in the folder, but those that differ from run to run; of some the name alone."""
    found = {path: b"" if UNLIKE.fullmatch(path.name) else text for path, text in tiny_run.contents(folder).items()}
    return {str(path.relative_to(folder)): found[path] for path in sorted(found) if not TIMED.fullmatch(path.name)}


def saved(folder: Path) -> int:
    """Steps up to the last checkpoints of all runs in a folder; -1 for one where there is none."""
    from sketch_rnn_keras.training.run_directory import RunDirectory

    runs = [RunDirectory(path.parent) for path in sorted(folder.rglob("checkpoints"))]
    return sum(run.progress().step if run.is_begun() else -1 for run in runs)


def crashes(scenario: Scenario, place: Path, operations: FileOperations) -> dict[str, Any]:
    """Crash everywhere, repeat the action each time, compare."""
    before, whole = files(begun(scenario, place / "whole")), place / "whole"
    left = crash_everywhere(operations, scenario.action, whole, place / "crashes")
    expected, seen, found, torn = files(whole), set(), {}, {}
    # What a kill has left at one operation, a power cut at the next one has not taken.
    pairs = zip(left[0::2], left[3::2], strict=False)
    lost = [power.operation for kill, power in pairs if saved(power.folder) < saved(kill.folder)]
    for crash, folder in left:
        now = files(folder)
        if scenario.in_one_step and visible(now) not in (visible(before), visible(expected)):
            torn[crash] = sorted(visible(now))
        if (state := str(sorted(now.items()))) not in seen:
            seen.add(state)
            scenario.action(folder)
            if wrong := changed(folder, expected):
                found[crash] = wrong
        shutil.rmtree(folder, ignore_errors=True)
    return {"operations": len(left) // 2, "states": len(seen), "differences": found, "lost": lost, "torn": torn}


def visible(contents: dict[str, bytes]) -> dict[str, bytes]:
    """The files without those that are hidden, as drafts are, and without records of downloads."""
    return {
        name: content
        for name, content in contents.items()
        if not any(part.startswith(".") for part in Path(name).parts) and not name.endswith(RECORD_SUFFIX)
    }


def full_disks(scenario: Scenario, place: Path, operations: FileOperations) -> dict[str, Any]:
    """Let the disk be full from each operation on, make room and repeat the action, compare; `said`: the sentences."""
    whole = begun(scenario, place / "whole")
    scenario.action(whole)
    expected, found, said = files(whole), {}, set()
    for number in itertools.count(1):
        folder, refused = begun(scenario, place / f"{number}"), []

        def before(count: int, event: str, path: Path) -> None:
            if count >= number and event in ("open", "fsync", "os.mkdir"):  # noqa: B023 (called in this turn alone)
                refused.append(path)  # noqa: B023
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

        try:
            with operations.watched(folder, before):
                scenario.action(folder)
        except InputError as error:
            said.add(str(error).replace(str(folder), ""))
        if not refused:
            return {"operations": number - 1, "differences": found, "said": sorted(said)}
        scenario.action(folder)
        if wrong := changed(folder, expected):
            found[str(number)] = wrong
        shutil.rmtree(folder)
    raise AssertionError("the action has no end")


def begun(scenario: Scenario, folder: Path) -> Path:
    """The folder as the action finds it."""
    for name, content in scenario.before.items():
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def changed(folder: Path, whole: dict[str, bytes]) -> list[str]:
    """The names of the files that one of the two has not, or has otherwise."""
    ours = files(folder)
    return [name for name in sorted(ours | whole) if ours.get(name) != whole.get(name)]


CAMPAIGNS = {"crashes": crashes, "full disks": full_disks}


def main(campaign: str, place: str, *names: str) -> None:
    warnings.simplefilter("ignore", TrainingWarning)
    operations, results = FileOperations(), {}
    for name in names:
        folder = Path(place) / name.replace(" ", "-")
        folder.mkdir(parents=True)
        scenario = SCENARIOS[name](folder)
        results[name] = CAMPAIGNS[campaign](scenario, folder, operations)
        scenario.end()
    print(json.dumps(results))


if __name__ == "__main__":
    main(*sys.argv[1:])
