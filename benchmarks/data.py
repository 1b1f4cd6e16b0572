"""Preparing a training batch: ours, over the whole batch at once, against a loop over sketches and points.

Prints a Markdown table. `many.py` measures data sets of many drawings, on disk.
"""

import numpy as np
from harness import chosen, compare, machine, median, parser, ratio, serve, table
from train_step import data_options, training_split

LOOP = "a Python loop over sketches and points"


def arguments():
    options = data_options(parser(__doc__))
    options.add_argument("--calls", type=int, default=20, help="batches of one measured call")
    return options.parse_args()


def looping_batch(split, batch_size, max_seq_len, rng, *, scale_factor, random_scale_factor, augment_stroke_prob):
    """What `random_batch` does, written as one would write it first."""
    batch = np.zeros((batch_size, max_seq_len + 1, 5), "float32")
    batch[:, 1:, 4] = 1
    batch[:, 0, 2] = 1
    for b, index in enumerate(rng.choice(len(split), batch_size, replace=False)):
        scale = rng.uniform(1 - random_scale_factor, 1 + random_scale_factor, 2) / scale_factor
        kept, place, lifted = [], 0, True
        for dx, dy, lift in split[index]:
            place = 1 if lifted else place + 1
            lifted = lift > 0.5
            if place > 3 and not lifted and rng.random() < augment_stroke_prob:
                kept[-1][0] += dx
                kept[-1][1] += dy
            else:
                kept.append([dx, dy, lift])
        for t, (dx, dy, lift) in enumerate(kept):
            batch[b, t + 1] = [dx * scale[0], dy * scale[1], 1 - lift, lift, 0]
    return batch


def preparer(options, name):
    from sketch_rnn_keras.data.batches import random_batch

    split, longest, scale_factor = training_split(options)
    make, rng = (looping_batch if name == LOOP else random_batch), np.random.default_rng(1)
    settings = {"scale_factor": scale_factor, "random_scale_factor": 0.15, "augment_stroke_prob": 0.1}

    def prepare():
        for _ in range(options.calls):
            make(split, options.batch_size, longest, rng, **settings)
        return {}

    return prepare


def main():
    options = arguments()
    if options.contender:
        return serve(preparer(options, options.contender))
    contenders = compare(chosen(options, ["ours", LOOP]), options.rounds)
    rows = []
    for contender in contenders:
        seconds = median(r["seconds"] for r in contender.results) / options.calls
        times = f"{ratio(contenders[0], contender):.1f}"
        rows.append([contender.name, f"{1e3 * seconds:.2f}", times, f"{options.batch_size / seconds:.0f}"])
    print(machine())
    print(f"batch {options.batch_size}, {options.data or 'synthetic sketches'}, medians of {options.rounds} rounds\n")
    print(table(["contender", "ms per batch", f"times {contenders[0].name}", "sketches/s"], rows))
    return None


if __name__ == "__main__":
    main()
