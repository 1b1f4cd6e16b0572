"""What a person sees while training: a progress bar on a terminal, one line per validation everywhere.

Enters: steps and the recorded losses. Leaves: text on a rich console.
"""

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


class _Rate(ProgressColumn):
    """Steps per second, or seconds per step when that is slower."""

    def render(self, task: Task) -> Text:
        speed = task.speed
        if not speed:
            return Text("")
        return Text(f"{speed:.1f} steps/s" if speed >= 1 else f"{1 / speed:.1f} s/step")


class TrainingBar:
    """A context that shows the progress of `loop.train`.

    Args:
        num_steps: the step training ends at.
        first_step: the step it begins at, above 0 when a run is resumed.
    """

    def __init__(self, num_steps: int, first_step: int = 0, console: Console | None = None):
        self.console = console or Console(stderr=True)
        self._bar = Progress(
            TextColumn("step"),
            MofNCompleteColumn(),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[losses]}"),
            _Rate(),
            TimeRemainingColumn(),
            console=self.console,
            disable=not self.console.is_terminal,
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

    def record(self, step: int, split: str, values: dict[str, float]) -> None:
        """Show the losses of `step`: those of training beside the bar, those of validation on a line that stays."""
        text = (
            f"cost {values['cost']:+.3f}  recon {values['recon']:+.3f}  kl {values['kl_raw']:.3f}  "
            f"w_KL {values['kl_weight']:.3f}  lr {values['learning_rate']:.1e}"
        )
        if split == "train":
            self._bar.update(self._task, losses=text)
        else:
            self.console.print(f"step {step}  valid  {text}", highlight=False, soft_wrap=True)
