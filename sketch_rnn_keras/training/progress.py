"""What a person sees while training: a progress bar on a terminal or in a notebook, a line per validation everywhere.

Enters: steps and the recorded losses. Leaves: text on a rich console.
"""

import importlib.util
import time
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from .history import ROLLBACK


class _Rate(ProgressColumn):
    """Steps per second, or seconds per step when that is slower."""

    def render(self, task: Task) -> Text:
        speed = task.speed
        if not speed:
            return Text("")
        return Text(f"{speed:.1f} steps/s" if speed >= 1 else f"{1 / speed:.1f} s/step")


def _can_show_a_bar(console: Console) -> bool:
    return console.is_terminal or (console.is_jupyter and importlib.util.find_spec("ipywidgets") is not None)


MEASURED_STEPS = 20  # before a training's time is estimated; the first, in which all is compiled, is not among them
DAY = 24 * 3600  # seconds


class TrainingBar:
    """A context that shows the progress of `loop.train`, and says when it will take more than a day.

    Args:
        num_steps: the step training ends at.
        first_step: the step it begins at, above 0 when a run is resumed.
        advice: what to add to that.
        has_bar: whether there is a bar, on a terminal or in a notebook (which needs ipywidgets).
    """

    def __init__(
        self,
        num_steps: int,
        first_step: int = 0,
        console: Console | None = None,
        *,
        advice: str = "",
        has_bar: bool = True,
    ):
        self.console = console or Console(stderr=True)
        self._num_steps, self._advice = num_steps, advice
        self._measured_step, self._measured_since = first_step + 1, 0.0
        self._bar = Progress(
            TextColumn("step"),
            MofNCompleteColumn(),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[losses]}"),
            _Rate(),
            TimeRemainingColumn(),
            console=self.console,
            disable=not (has_bar and _can_show_a_bar(self.console)),
            speed_estimate_period=60,
        )
        self._task = self._bar.add_task("", total=num_steps, completed=first_step, losses="compiling ...")

    def __enter__(self) -> "TrainingBar":
        self._bar.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._bar.stop()

    def step(self, step: int) -> None:
        self._bar.update(self._task, completed=step)
        if step == self._measured_step:
            self._measured_since = time.monotonic()
        elif step == self._measured_step + MEASURED_STEPS:
            self._estimate(step, (time.monotonic() - self._measured_since) / MEASURED_STEPS)

    def _estimate(self, step: int, seconds_per_step: float) -> None:
        days = (self._num_steps - step) * seconds_per_step / DAY
        if days > 1:
            text = (
                f"note   {self._num_steps - step:,} more steps of {seconds_per_step:.2g} s take about {days:.1f} days"
            )
            self.console.print(text + self._advice, highlight=False, soft_wrap=True)

    def record(self, step: int, split: str, values: dict[str, float]) -> None:
        """Show the losses of `step`: those of training beside the bar, those of validation on a line that stays.

        Of a rollback a warning tells (`divergence`); the bar goes back.
        """
        if split == ROLLBACK:
            self._bar.update(self._task, completed=step)
            return
        text = (
            f"cost {values['cost']:+.3f}  recon {values['recon']:+.3f}  kl {values['kl_raw']:.3f}  "
            f"w_KL {values['kl_weight']:.3f}  lr {values['learning_rate']:.1e}"
        )
        if split == "train":
            self._bar.update(self._task, losses=text)
        else:
            self.console.print(f"step {step}  valid  {text}", highlight=False, soft_wrap=True)
