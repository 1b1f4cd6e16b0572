"""All campaigns against what docs/reliability.md promises of files, one after another: `make torture`.

    python -m torture --minutes 30      (in tests/; Linux)

Every file operation of everything that writes files is a crash once, and a full disk; trainings are killed; files of
every kind are damaged, as many as the rest of the time allows. Prints a table of each; ends with status 1 if one finds
anything.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from support.writers import SCENARIOS

LONG = {"export to onnx", "export to saved_model"}  # so long that their disk is not made full at each operation
PICTURES = {"model_card.md", "samples.svg"}  # what a training does without
FILES_A_SECOND = 8  # that are damaged and read, on two cores
LEAST = 60.0  # seconds that a campaign has


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30.0, help="after which what still runs is ended")
    end = time.monotonic() + 60 * parser.parse_args().minutes
    scenarios = list(SCENARIOS)
    failed = [
        crosses("crashes", scenarios, end),
        crosses("full disks", [name for name in scenarios if name not in LONG], end),
        run("Real kills", "torture.kills", "--count", "100", end=end),
        run("One of two processes killed", "torture.workers", "--count", "10", end=end),
    ]
    count = int(FILES_A_SECOND * max(end - time.monotonic() - LEAST, LEAST))
    failed.append(run("Damaged files", "torture.fuzz", "--count", f"{count}", end=end))
    sys.exit(any(failed))


def crosses(campaign: str, scenarios: list[str], end: float) -> bool:
    """Run one campaign of the crash matrix, and print its table; whether it found anything."""
    print(f"\n## The crash matrix: {campaign}\n", flush=True)
    with tempfile.TemporaryDirectory(prefix="torture-") as place:
        result = _within(end, ["support.crash_matrix", campaign, f"{place}/new", *scenarios], stdout=subprocess.PIPE)
    if result is None or result.returncode:
        return True
    found = json.loads(result.stdout)
    print("\n".join(table(found)))
    for name, one in found.items():
        for operation, names in {**one["differences"], **one.get("torn", {})}.items():
            print(f"--- {name}, operation {operation}: {', '.join(names)}")
    return any(is_bad(one) for one in found.values())


def table(found: dict[str, dict[str, Any]]) -> list[str]:
    """Markdown, a row for each scenario."""
    is_crashes = "lost" in next(iter(found.values()))
    columns = ("operations", "states", "differences", "torn", "lost") if is_crashes else ("operations", "differences")
    lines = [f"| what writes | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    for name, one in found.items():
        numbers = [one[column] if isinstance(one[column], int) else len(one[column]) for column in columns]
        lines.append(f"| {name} | {' | '.join(map(str, numbers))} |")
    return lines


def is_bad(one: dict[str, Any]) -> bool:
    """Whether a scenario has shown a fault; on a full disk a training goes on without its pictures."""
    different = {Path(name) for names in one["differences"].values() for name in names}
    if "said" in one:
        different = {path for path in different if path.name not in PICTURES and path.parent.name != "samples"}
    return bool(different or one.get("torn") or one.get("lost") or any(len(said) > 500 for said in one.get("said", ())))


def run(title: str, *command: str, end: float) -> bool:
    """Run a campaign that prints its own table; whether it found anything or was not at its end in time."""
    print(f"\n## {title}\n", flush=True)
    result = _within(end, command)
    return result is None or bool(result.returncode)


def _within(end: float, module: Sequence[str], **options: Any) -> subprocess.CompletedProcess | None:
    """What comes of a module that is run with arguments; None if it was ended for want of time, which is said."""
    left = max(end - time.monotonic(), LEAST)
    with subprocess.Popen([sys.executable, "-m", *module], start_new_session=True, **options) as process:
        try:
            output, _ = process.communicate(timeout=left)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # its workers, too
            print(f"not at its end after {left:.0f} s")
            return None
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return subprocess.CompletedProcess(module, process.returncode, output)


if __name__ == "__main__":
    main()
