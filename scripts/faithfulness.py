"""Print `docs/faithfulness.md`'s table: each golden figure of the original beside ours.

python scripts/faithfulness.py
"""

import sys
from pathlib import Path

import numpy as np
from keras import ops

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from support.golden_recipe import CASES, Golden

from sketch_rnn_keras.backends import backend
from sketch_rnn_keras.interop import magenta
from sketch_rnn_keras.model import mixture
from sketch_rnn_keras.sampling import sample_points
from sketch_rnn_keras.training import schedules
from sketch_rnn_keras.training.loop import make_optimizer


def main() -> None:
    print("| case | figure | original | ours | largest difference |\n|---|---|---|---|---|")
    for name in CASES:
        for figure, expected, ours in figures(Golden(name)):
            expected, ours = np.asarray(expected, "float64"), np.asarray(ours, "float64")
            shown = [f"{expected:.6f}", f"{ours:.6f}"] if expected.ndim == 0 else [f"{expected.shape}", ""]
            print(f"| {name} | {figure} | {shown[0]} | {shown[1]} | {np.abs(ours - expected).max():.1e} |")


def figures(golden: Golden):
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


def training_figures(golden: Golden):
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
    yield f"norms of {len(paths)} gradients", originals, np.array([norms[path] for path in paths])

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
