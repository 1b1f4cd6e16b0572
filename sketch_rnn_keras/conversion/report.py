"""What a conversion did: counts, lengths, and warnings that say what to do."""

import dataclasses
from collections import Counter
from pathlib import Path

import numpy as np

from ..strokes import USUAL_MAX_SEQ_LEN

MOST_POINTS = 1000  # what a warning proposes at most: training time and memory grow with the longest drawing
MAX_NAMED = 5  # unreadable drawings
MAX_CATEGORIES = 20
MANY_DROPPED = 0.2  # of the drawings found


@dataclasses.dataclass
class Report:
    """What `convert` wrote and what it left out; `str()` is a text for people.

    Attributes:
        output: the file.
        splits: drawings in "train", "valid" and "test".
        categories: drawings of each, in the file.
        dropped: drawings left out, by reason.
        details: what was wrong with the first unreadable ones, and where.
        not_chosen: usable drawings beyond the number asked for.
        notes: things seen and how often, such as text in SVG files.
        lengths: points of each drawing in the file, sorted.
        longest_dropped: points of the longest drawing left out for its length, or 0.
        max_points: the longest allowed.
        scale_factor: as `Dataset.scale_factor`: the standard deviation of the offsets of the training split.
    """

    output: Path
    max_points: int
    splits: dict[str, int] = dataclasses.field(default_factory=dict)
    categories: Counter[str] = dataclasses.field(default_factory=Counter)
    dropped: Counter[str] = dataclasses.field(default_factory=Counter)
    details: list[str] = dataclasses.field(default_factory=list)
    not_chosen: int = 0
    notes: Counter[str] = dataclasses.field(default_factory=Counter)
    lengths: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(0, np.int64))
    longest_dropped: int = 0
    scale_factor: float = 0.0

    @property
    def kept(self) -> int:
        return sum(self.splits.values())

    @property
    def found(self) -> int:
        return self.kept + self.not_chosen + sum(self.dropped.values())

    def warnings(self) -> list[str]:
        """What the user should know before training, and what to do."""
        warnings = []
        if self.longest_dropped:
            limit, longest = min(self.longest_dropped, MOST_POINTS), self.longest_dropped
            cures = [f"drawings of more than {self.max_points} points were left out; the longest has {longest}"]
            if limit > self.max_points:
                options = f"max_points={limit} here, and max_seq_len={limit} when training"
                cures.append(f"to keep those of up to {limit}: {options}")
            warnings.append("; ".join([*cures, "a larger epsilon shortens all drawings"]))
        too_long = int((self.lengths > USUAL_MAX_SEQ_LEN).sum())
        if too_long:
            warnings.append(
                f"{too_long} drawings have more than {USUAL_MAX_SEQ_LEN} points, the max_seq_len of the "
                f"configurations; train with max_seq_len={self.lengths[-1]}"
            )
        share = sum(self.dropped.values()) / max(self.found, 1)
        if share > MANY_DROPPED:
            warnings.append(f"{share:.0%} of the drawings were left out, see above")
        return warnings

    def __str__(self) -> str:
        """The whole report, several lines."""
        splits = " / ".join(f"{count} {split}" for split, count in self.splits.items())
        lines = [f"{self.output}: {self.kept} of {self.found} drawings: {splits}"]
        if 1 < len(self.categories) <= MAX_CATEGORIES:
            lines.append("categories: " + ", ".join(f"{name} {n}" for name, n in sorted(self.categories.items())))
        elif len(self.categories) > MAX_CATEGORIES:
            lines.append(f"categories: {len(self.categories)}")
        if self.not_chosen:
            lines.append(f"not chosen: {self.not_chosen}")
        if self.dropped:
            reasons = ", ".join(f"{count} {reason}" for reason, count in self.dropped.most_common())
            lines.append(f"left out: {reasons}")
        lines += [f"  {detail}" for detail in self.details[:MAX_NAMED]]
        if len(self.details) > MAX_NAMED:
            lines.append("  ...")
        lines += [f"note: {count} {what}" for what, count in sorted((+self.notes).items())]
        low, middle, high = np.percentile(self.lengths, [0, 50, 95], method="lower")
        lines.append(f"points: {low} to {self.lengths[-1]}, median {middle}, 95 % {high}")
        lines.append(f"scale factor: {self.scale_factor:.4f}")
        return "\n".join([*lines, *(f"warning: {warning}" for warning in self.warnings())])
