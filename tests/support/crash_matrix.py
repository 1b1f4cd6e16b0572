"""What the same command makes of a folder that a crash or a full disk has left, for every operation on files.

    python -m support.crash_matrix CAMPAIGN SCENARIO FOLDER        (in tests/; the folder is new)

Prints a JSON object: `operations`, how many there are, and `differences`, by operation, the files that are not as in
a folder that was left in peace. Of crashes also `states`, how many different folders they have left, and `lost`, the
power cuts that took a checkpoint that was there before. A process of its own, since forks of one in which TensorFlow
has begun threads would wait for ever.
"""

import errno
import itertools
import json
import os
import shutil
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from support import tiny_run
from support.crashes import FileOperations, crash_everywhere, in_fork

SHORT = tiny_run.HPARAMS.replace(num_steps=4, save_every=2, log_every=1)
TIMED = {"clock.json"}  # what differs from run to run
Action = Callable[[Path], Any]


class StandIn:
    """A backend whose step costs nothing, and leaves in the weights what it was given: another batch would show.

    Args:
        bad: the steps, counting from 0, whose random choices give a cost that is not finite.
    """

    def __init__(self, bad: Sequence[int] = ()):
        from sketch_rnn_keras.streams import Stream, derived_seed

        self._bad = {derived_seed(SHORT.seed, Stream.DROPOUT, step) for step in bad}

    def event_writer(self, folder: Path) -> None:
        """None is written."""

    def compiled_update(self, model: Any, optimizer: Any, objective: Any) -> Callable[..., dict[str, float]]:
        def update(strokes5, lengths, noise, dropout_seed, kl_weight):
            given = np.tanh(np.float32(strokes5.mean() + noise.mean() + dropout_seed % 97 + kl_weight))
            model.output_head.bias.assign(model.output_head.bias + given * optimizer.learning_rate)
            optimizer.iterations.assign_add(1)
            return self.losses(np.nan if int(dropout_seed) in self._bad else given)

        return update

    def evaluate(self, model: Any, *_: Any) -> dict[str, float]:
        return self.losses(float(np.sum(model.output_head.bias)))

    def losses(self, value: float) -> dict[str, float]:
        return dict.fromkeys(("offset", "pen", "recon", "recon_masked", "pen_masked", "kl", "kl_raw"), float(value))


def training(bad: Sequence[int] = (), **options: Any) -> Action:
    """A training of four steps, by the command that begins it or, where it has begun, that resumes it."""
    from sketch_rnn_keras.training import log, loop

    double, data = StandIn(bad), tiny_run.load_data()
    loop.backend = log.backend = lambda: double
    loop.evaluate, loop.sample = double.evaluate, tiny_run.one_dot

    def train(run: Path) -> None:
        is_begun = (run / "config.json").exists()
        more = {"resume": True} if is_begun else {"start": options.get("start")}
        loop.train(SHORT, data, run, verbose=0, on_divergence=options.get("on_divergence", "stop"), **more)

    return train


def picture(folder: Path) -> None:
    from sketch_rnn_keras.pictures.grid import draw_sketches

    draw_sketches(tiny_run.one_dot(), folder / "a.svg")


SCENARIOS: dict[str, Callable[[Path], Action]] = {
    "train": lambda place: training(),
    "train, rolled back": lambda place: training(bad=[2, 3], on_divergence="rollback"),
    "picture": lambda place: picture,
}


def files(folder: Path) -> dict[str, bytes]:
    """Every file by its name in the folder, but those that differ from run to run."""
    found = tiny_run.contents(folder)
    return {str(path.relative_to(folder)): found[path] for path in sorted(found) if path.name not in TIMED}


def saved(run: Path) -> int:
    """The step of the last checkpoint of a run; -1 where there is none."""
    from sketch_rnn_keras.training.run_directory import RunDirectory

    return RunDirectory(run).progress().step if RunDirectory(run).is_begun() else -1


def crashes(action: Action, place: Path) -> dict[str, Any]:
    """Crash everywhere, repeat the action each time, compare."""
    assert in_fork(lambda: action(place / "whole")) == 0
    whole, seen, found = files(place / "whole"), set(), {}
    left = list(crash_everywhere(action, place / "crashes"))
    # What a kill has left at one operation, a power cut at the next one has not taken.
    pairs = zip(left[0::2], left[3::2], strict=False)
    lost = [power.operation for kill, power in pairs if saved(power.folder) < saved(kill.folder)]
    for crash, folder in left:
        state = str(sorted(files(folder).items()))
        if state not in seen:
            seen.add(state)
            action(folder)
            if wrong := changed(folder, whole):
                found[crash] = wrong
        shutil.rmtree(folder, ignore_errors=True)
    return {"operations": len(left) // 2, "states": len(seen), "differences": found, "lost": lost}


def full_disks(action: Action, place: Path) -> dict[str, Any]:
    """Let the disk be full from each operation on, make room and repeat the action, compare; `said`: the sentences."""
    from sketch_rnn_keras.errors import InputError

    action(place / "whole")
    whole, found, said, operations = files(place / "whole"), {}, set(), FileOperations()
    for number in itertools.count(1):
        folder, refused = place / "full" / f"{number}", []

        def before(count: int, event: str, path: Path) -> None:
            if count >= number and event in ("open", "fsync", "os.mkdir"):  # noqa: B023 (called in this turn alone)
                refused.append(path)  # noqa: B023
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

        folder.parent.mkdir(exist_ok=True)
        operations.watch(folder, before)
        try:
            action(folder)
        except InputError as error:
            said.add(str(error).replace(str(folder), ""))
        operations.watch(None, before)
        if not refused:
            return {"operations": number - 1, "differences": found, "said": sorted(said)}
        action(folder)
        if wrong := changed(folder, whole):
            found[str(number)] = wrong
        shutil.rmtree(folder)
    raise AssertionError("the action has no end")


def changed(folder: Path, whole: dict[str, bytes]) -> list[str]:
    """The names of the files that one of the two has not, or has otherwise."""
    ours = files(folder)
    return [name for name in sorted(ours | whole) if ours.get(name) != whole.get(name)]


CAMPAIGNS = {"crashes": crashes, "full disks": full_disks}

if __name__ == "__main__":
    from sketch_rnn_keras.errors import TrainingWarning

    campaign, scenario, folder = CAMPAIGNS[sys.argv[1]], SCENARIOS[sys.argv[2]], Path(sys.argv[3])
    folder.mkdir()
    warnings.simplefilter("ignore", TrainingWarning)
    print(json.dumps(campaign(scenario(folder), folder)))
