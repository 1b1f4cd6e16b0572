"""Training: the loop (read `loop.py` first), the run directory it fills, the schedules it follows, the history it
writes and the curves drawn from it, the evaluation of what came of it, and sweeps of several trainings."""
