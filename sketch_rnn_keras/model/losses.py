"""The three terms of the objective, as pure functions of the decoder's outputs and of the latent distribution.

`loss_terms` gathers them; `schedules.cost` adds them up, with the weight that the last of them has at a step.

Enters: a mixture with fields `[B, N_max, M]`, the target strokes `[B, N_max, 5]` (either may have time first, if both
do), mu and presigma `[B, N_z]`. Leaves: scalars in nats per point (offset, pen) and per latent dimension (KL).

Source: section 3.3 of arXiv 1704.03477, equations 9 to 12, with the constants of the original.
"""

import math

from keras import ops

from ..backends import Floored, Tensor, maximum
from .mixture import Mixture, from_raw, log_density

LOG_EPSILON = math.log(1e-6)  # the original adds 1e-6 to the density before its logarithm

TERMS = ("offset", "pen", "pen_masked", "recon", "recon_masked", "kl", "kl_raw")


def loss_terms(
    raw: Tensor, target: Tensor, kl_raw: Tensor | None, kl_tolerance: float, floored: Floored = maximum
) -> dict[str, Tensor]:
    """Every term of the objective, as scalars.

    Args:
        raw: the decoder's outputs `[B, N_max, 6 M + 3]`.
        target: `[B, N_max, 5]`, the points that they should predict.
        kl_raw: `kl_loss`; None when decoder-only.
        kl_tolerance: the floor of L_KL.
        floored: `(L_KL, floor) -> max(L_KL, floor)`; another one where these rows are a part of the batch (`Share`).

    Returns:
        A dict of `TERMS`: "offset" L_s; "pen" L_p over all steps, "pen_masked" after masking the steps past the end;
        "recon" and "recon_masked", their sums with L_s; "kl_raw" L_KL and "kl" = max(L_KL, kl_tolerance), both 0 when
        decoder-only.
    """
    predicted = from_raw(raw)
    offset = offset_loss(predicted, target)
    pen, pen_masked = pen_losses(predicted, target)
    no_kl = ops.zeros_like(offset)
    return {
        "offset": offset,
        "pen": pen,
        "pen_masked": pen_masked,
        "recon": offset + pen,
        "recon_masked": offset + pen_masked,
        "kl": no_kl if kl_raw is None else floored(kl_raw, kl_tolerance),
        "kl_raw": no_kl if kl_raw is None else kl_raw,
    }


def offset_loss(mixture: Mixture, target: Tensor) -> Tensor:
    """L_s = -mean over B * N_max of (1 - p3) log(p(dx, dy) + 1e-6) (equation 9).

    Args:
        mixture: fields `[B, N_max, M]`.
        target: `[B, N_max, 5]`, the points that the mixture should predict.

    Returns:
        A scalar, in nats per point.
    """
    return ops.mean(offset_losses(mixture, target))


def offset_losses(mixture: Mixture, target: Tensor) -> Tensor:
    """The terms of L_s, one for each point, in log space.

    Args:
        mixture, target: see `offset_loss`.

    Returns:
        `[B, N_max]`, in nats; 0 past a sketch's end.
    """
    not_ended = 1.0 - target[..., 4]
    return -not_ended * ops.logaddexp(log_density(mixture, target[..., 0], target[..., 1]), LOG_EPSILON)


def pen_losses(mixture: Mixture, target: Tensor) -> tuple[Tensor, Tensor]:
    """L_p = mean over B * N_max of the pen's cross-entropy (equation 9).

    Paper: the sum runs to N_max, padding included. Magenta: that is its training loss; its evaluation masks the steps
    after a sketch's end with (1 - p3).

    Args:
        mixture, target: see `offset_loss`; the pen's logits are `[B, N_max, 3]`.

    Returns:
        `(over all steps, masked after the end)`, two scalars, in nats per point.
    """
    entropy = -ops.sum(target[..., 2:5] * ops.log_softmax(mixture.pen_logits, axis=-1), axis=-1)
    return ops.mean(entropy), ops.mean((1.0 - target[..., 4]) * entropy)


def kl_loss(mu: Tensor, presigma: Tensor) -> Tensor:
    """L_KL = -1/2 mean over B and N_z of (1 + presigma - mu^2 - exp(presigma)) (equation 10), without its floor.

    Args:
        mu, presigma: `[B, N_z]`; sigma = exp(presigma / 2).

    Returns:
        A scalar, in nats per latent dimension.
    """
    return -0.5 * ops.mean(1.0 + presigma - ops.square(mu) - ops.exp(presigma))
