"""Trainings of two processes, of which one is killed at a random step: how the other ends, and whether the run goes on.

python -m torture.workers --count 10        (in tests/; under the backend in use)
"""

import argparse
import os
import random
import sys
import tempfile
from pathlib import Path

from support.together import environments, finish, kill_one, start

from sketch_rnn_keras.training.run_directory import last_step


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=10)
    count, backend = parser.parse_args().count, os.environ.get("KERAS_BACKEND", "tensorflow")
    rows = []
    with tempfile.TemporaryDirectory(prefix="workers-") as place:
        for number in range(count):
            run, choice = Path(place) / f"{number}", random.Random(number)
            victim, step = choice.randrange(2), choice.randrange(1, 60)
            end = kill_one(backend, run, victim, step)
            if not end.is_clean(victim):
                print(f"--- {number}: {end}")
            saved = last_step(run)
            finish([start(backend, run, saved + 3, told) for told in environments(backend)])
            rows.append((victim, step, end.is_clean(victim), f"{end.seconds:.1f}", saved, last_step(run) == saved + 3))
            print("| " + " | ".join(map(str, rows[-1])) + " |", flush=True)
    clean, resumed = (sum(row[column] for row in rows) for column in (2, 5))
    print(f"\n{backend}: {clean} of {count} ended cleanly, {resumed} of {count} went on")
    sys.exit(min(clean, resumed) < count)


if __name__ == "__main__":
    print("| killed | after step | the other ended cleanly | seconds | checkpoint of step | resumed |")
    print("|---" * 6 + "|")
    main()
