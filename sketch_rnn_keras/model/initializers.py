"""The initialisers of the original that Keras does not have. Enters: a shape. Leaves: a tensor of that shape."""

from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from ..backends import Tensor
from ..streams import Stream, generator


@keras.saving.register_keras_serializable(package="sketch_rnn_keras")
class GatewiseOrthogonal(keras.initializers.Initializer):
    """One orthogonal block per gate, side by side: `[H, 4 H]` holds four orthogonal `[H, H]` matrices.

    Source: `lstm_ortho_initializer` of the original; a single orthogonal draw of `[H, 4 H]` is a different
    distribution (its blocks are not orthogonal).

    Args:
        gates: number of blocks, 4 for every cell here.
        seed: integer; the draw is a function of it and of the shape alone.
    """

    def __init__(self, gates: int = 4, seed: int = 0):
        self.gates = gates
        self.seed = seed

    def __call__(self, shape: Sequence[int], dtype: str | None = None) -> Tensor:
        rows, columns = shape
        rng = generator(self.seed, Stream.ORTHOGONAL)
        blocks = []
        for _ in range(self.gates):
            normal = rng.standard_normal((rows, columns // self.gates))
            tall = normal if rows >= normal.shape[1] else normal.T
            q, r = np.linalg.qr(tall)
            q *= np.sign(np.diag(r))  # makes the draw uniform over all orthogonal matrices
            blocks.append(q if tall is normal else q.T)
        return ops.convert_to_tensor(np.concatenate(blocks, axis=1), dtype=dtype or keras.config.floatx())

    def get_config(self) -> dict[str, int]:
        return {"gates": self.gates, "seed": self.seed}
