"""The three terms of the objective, as pure functions of the decoder's outputs and of the latent distribution.

`training/schedules.py` adds them up, with the weight that the last of them has at a step.

Enters: a mixture with fields `[B, N_max, M]`, the target strokes `[B, N_max, 5]` (either may have time first, if both
do), mu and presigma `[B, N_z]`. Leaves: scalars in nats per point (offset, pen) and per latent dimension (KL).

Source: section 3.3 of arXiv 1704.03477, equations 9 to 12, with the constants of the original.
"""

import math

from keras import ops

from ..backends import Tensor
from .mixture import Mixture, log_density

LOG_EPSILON = math.log(1e-6)  # the original adds 1e-6 to the density before its logarithm


def offset_loss(mixture: Mixture, target: Tensor) -> Tensor:
    """L_s = -mean over B * N_max of (1 - p3) log(p(dx, dy) + 1e-6) (equation 9)."""
    return ops.mean(offset_losses(mixture, target))


def offset_losses(mixture: Mixture, target: Tensor) -> Tensor:
    """The terms of L_s, one for each point, `[B, N_max]`, in log space; 0 past a sketch's end."""
    not_ended = 1.0 - target[..., 4]
    return -not_ended * ops.logaddexp(log_density(mixture, target[..., 0], target[..., 1]), LOG_EPSILON)


def pen_losses(mixture: Mixture, target: Tensor) -> tuple[Tensor, Tensor]:
    """L_p = mean over B * N_max of the pen's cross-entropy (equation 9): `(over all steps, masked after the end)`.

    Paper: the sum runs to N_max, padding included. Magenta: that is its training loss; its evaluation masks the steps
    after a sketch's end with (1 - p3).
    """
    entropy = -ops.sum(target[..., 2:5] * ops.log_softmax(mixture.pen_logits, axis=-1), axis=-1)
    return ops.mean(entropy), ops.mean((1.0 - target[..., 4]) * entropy)


def kl_loss(mu: Tensor, presigma: Tensor) -> Tensor:
    """L_KL = -1/2 mean over B and N_z of (1 + presigma - mu^2 - exp(presigma)) (equation 10), without its floor."""
    return -0.5 * ops.mean(1.0 + presigma - ops.square(mu) - ops.exp(presigma))
