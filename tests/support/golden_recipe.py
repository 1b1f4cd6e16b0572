"""The weights, inputs and noise of the golden cases, from their recipe (see docs/faithfulness.md)."""

import json

import numpy as np
from support import paths

from sketch_rnn_keras.hparams import HParams
from sketch_rnn_keras.interop import magenta
from sketch_rnn_keras.model.sketch_rnn import SketchRNN

FOLDER = paths.GOLDEN
CASES = json.loads((FOLDER / "index.json").read_text())
_HPARAMS = [
    "enc_model",
    "dec_model",
    "conditional",
    "max_seq_len",
    "batch_size",
    "enc_rnn_size",
    "dec_rnn_size",
    "z_size",
    "num_mixture",
    "kl_weight",
    "kl_tolerance",
]


class Golden:
    """One case: `.model` with the recipe's weights, `.strokes5`, `.lengths`, `.noise`, and `.expected` figures."""

    def __init__(self, name: str):
        case = CASES[name]
        self.case, self.seed, self.lengths = case, case["seed"], np.array(case["lengths"], "int32")
        hparams = HParams(**{key: case[key] for key in _HPARAMS}, use_recurrent_dropout=False)
        with np.load(FOLDER / f"{name}.npz") as figures:
            self.expected = dict(figures)
        self.model = SketchRNN(hparams)
        magenta.assign_variables(self.model, self.weights())
        self.strokes5 = self._strokes5()
        size = (case["batch_size"], case["z_size"])
        self.noise = np.random.RandomState(self.seed + 2).standard_normal(size).astype("float32")
        z_greedy = np.random.RandomState(self.seed + 3).standard_normal((1, case["z_size"])).astype("float32")
        self.z_greedy = z_greedy if case["conditional"] else None

    def weights(self) -> dict:
        stream = np.random.RandomState(self.seed)
        return {
            name: 0.15 * stream.standard_normal(shape) + (1.0 if "ln_gamma" in name else 0.0)
            for name, shape in sorted(self.case["variables"].items())
        }

    def _strokes5(self):
        stream = np.random.RandomState(self.seed + 1)
        batch = np.zeros((len(self.lengths), self.case["max_seq_len"] + 1, 5), "float32")
        batch[:, 0] = (0, 0, 1, 0, 0)
        for sketch, n in zip(batch, self.lengths, strict=True):
            sketch[1 : n + 1, :2] = stream.standard_normal((n, 2))
            lifted = stream.random_sample(n) < 0.25
            lifted[-1] = True
            sketch[1 : n + 1, 2], sketch[1 : n + 1, 3] = ~lifted, lifted
            sketch[n + 1 :, 4] = 1
        return batch
