"""Compare each golden figure of the original with ours: the whole table as CSV, its summary for the docs.

python scripts/faithfulness.py writes scripts/faithfulness.csv and prints the table of docs/faithfulness.md.
"""

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from keras import ops

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from support.golden_recipe import CASES, Golden

from sketch_rnn_keras.backends import backend
from sketch_rnn_keras.interop import magenta
from sketch_rnn_keras.model import mixture, schedules
from sketch_rnn_keras.model.optimizer import make_optimizer
from sketch_rnn_keras.sampling import sample_points

TABLE = Path(__file__).with_suffix(".csv")
COLUMNS = ("case", "figure", "shape", "original", "ours", "largest difference")
SUMMARY = {  # row of the docs: figures of the table
    "mu, presigma": ("mu", "presigma"),
    "z": ("z",),
    "pi": ("pi",),
    "mu_x, mu_y": ("mu_x", "mu_y"),
    "sigma_x, sigma_y": ("sigma_x", "sigma_y"),
    "rho": ("rho",),
    "pen logits": ("pen_logits",),
    "L_s + L_p, training form": ("recon_train",),
    "L_s + L_p, evaluation form": ("recon_eval",),
    "L_KL": ("kl",),
    "12 greedy strokes": ("greedy",),
    "norms of all gradients": ("gradient norms",),
    "costs of three Adam steps": ("cost of Adam step 0", "cost of Adam step 1", "cost of Adam step 2"),
}


def main() -> None:
    rows = [row for name in CASES for row in table_rows(name)]
    with TABLE.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(summary(rows))


def table_rows(case: str) -> Iterator[dict[str, str]]:
    for figure, expected, ours in figures(Golden(case)):
        expected, ours = np.asarray(expected, "float64"), np.asarray(ours, "float64")
        values = [f"{expected:.6f}", f"{ours:.6f}"] if expected.ndim == 0 else ["", ""]
        difference = f"{np.abs(ours - expected).max():.1e}"
        yield dict(zip(COLUMNS, (case, figure, expected.shape, *values, difference), strict=True))


def summary(rows: list[dict[str, str]]) -> str:
    """A row for each kind of figure, a column for each case: the largest absolute difference."""
    lines = ["| figure | " + " | ".join(CASES) + " |", "|---|" + "---:|" * len(CASES)]
    for name, kinds in SUMMARY.items():
        cells = []
        for case in CASES:
            found = [float(r["largest difference"]) for r in rows if r["case"] == case and r["figure"] in kinds]
            cells.append(f"{max(found):.1e}" if found else "")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def figures(golden: Golden) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """`(figure, original, ours)` of one case."""
    model, expected, z = golden.model, golden.expected, None
    if golden.case["conditional"]:
        mu, presigma = model.encode(golden.strokes5[:, 1:], golden.lengths)
        z = model.reparameterise(mu, presigma, golden.noise)
        for figure, ours in (("mu", mu), ("presigma", presigma), ("z", z)):
            yield figure, expected[figure], ours
    for figure, ours in mixture.parameters(model.decode(golden.strokes5[:, :-1], z)).items():
        yield figure, expected[figure], ours
    terms = model.loss_terms(golden.strokes5, golden.lengths, golden.noise)
    for figure, term in (("recon_train", "recon"), ("recon_eval", "recon_masked"), ("kl", "kl")):
        yield figure, expected[figure], float(terms[term])
    greedy = sample_points(model, golden.z_greedy, np.zeros((12, 1, 4)), 0, stop_at_end=False)
    yield "greedy", expected["greedy"], greedy[0]
    yield from training_figures(golden)


def training_figures(golden: Golden) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Gradients at the recipe's weights, then the costs of three optimiser steps. Changes the weights."""
    model, expected = golden.model, golden.expected

    def objective(kl_weight):
        terms = model.loss_terms(golden.strokes5, golden.lengths, golden.noise)
        cost = terms["recon"] + kl_weight * terms["kl"]
        return cost, {"cost": cost}

    weight = np.asarray(model.hparams.kl_weight, "float32")
    gradients, _ = backend().compiled_gradients(model, objective)(weight)
    norms = {
        v.path: np.linalg.norm(ops.convert_to_numpy(g))
        for v, g in zip(model.trainable_variables, gradients, strict=True)
    }
    names = {v.path: name for name, v in magenta.variables(model).items()}
    paths = sorted(norms)
    originals = np.array([expected[f"gradnorm/{names[path]}"] for path in paths])
    yield "gradient norms", originals, np.array([norms[path] for path in paths])

    hparams = model.hparams.replace(kl_weight=0.5)
    optimizer, costs = make_optimizer(hparams), []
    update = backend().compiled_update(model, optimizer, objective)
    for step in range(3):
        optimizer.learning_rate = schedules.learning_rate(step, hparams)
        costs.append(float(update(np.asarray(schedules.kl_weight(step, hparams), "float32"))["cost"]))
    for step, cost in enumerate(costs):
        yield f"cost of Adam step {step}", expected["train_costs"][step], cost


if __name__ == "__main__":
    main()
