"""Schedules: optimiser step in, learning rate or KL weight out; and the cost that the KL weight makes of the losses.

Plain arithmetic, so that Python numbers, NumPy arrays and backend tensors all pass through. Steps count from 0.
The annealed KL weight is the paper's (its appendix on training); the learning rate's decay is the original program's.
"""

import math
from typing import Any

import numpy as np

from ..hparams import HParams


def learning_rate(step: Any, hparams: HParams) -> Any:
    """Adam's learning rate: an exponential decay to a floor.

    lr(step) = (lr - lr_min) * decay_rate**step + lr_min.

    Args:
        step: steps taken so far; a number, or a floating-point array or tensor of any shape.
        hparams: supplies `learning_rate`, `min_learning_rate` and `decay_rate`.

    Returns:
        The learning rate, in the kind and shape of `step`.

    Source:
        Magenta's `sketch_rnn_train.py`, `curr_learning_rate`; defaults from thesis, listing 3.1.
    """
    span = hparams.learning_rate - hparams.min_learning_rate
    return span * _decay(hparams.decay_rate, step) + hparams.min_learning_rate


def kl_weight(step: Any, hparams: HParams) -> Any:
    """Weight of the KL loss: an approach from `kl_weight_start` to `kl_weight`.

    eta(step) = w - (w - w_start) * R**step, with R = `kl_decay_rate`.

    Args:
        step: steps taken so far; a number, or a floating-point array or tensor of any shape.
        hparams: supplies `kl_weight`, `kl_weight_start` and `kl_decay_rate`.

    Returns:
        The weight, in the kind and shape of `step`.

    Source:
        Magenta's `sketch_rnn_train.py`, `curr_kl_weight`; paper, appendix on training, eta_step.
    """
    # Paper: w_KL * eta_step with eta_step = 1 - (1 - eta_min) * R**step; the same when w_start = w_KL * eta_min.
    return hparams.kl_weight - (hparams.kl_weight - hparams.kl_weight_start) * _decay(hparams.kl_decay_rate, step)


def cost(recon: Any, kl: Any, kl_weight: Any) -> Any:
    """The objective: L_R + w_KL L_KL (paper, equation 11).

    Args:
        recon: L_R, the sum of the offset's and the pen's loss; a number, or a scalar array or tensor.
        kl: L_KL, raised to its tolerance.
        kl_weight: what `kl_weight` gives for the step.

    Returns:
        The cost, in the kind of the arguments.
    """
    return recon + kl_weight * kl


def _decay(rate: float, step: Any) -> Any:
    """rate**step. In a float32 tensor a rate close to 1 has too few digits; its logarithm has enough."""
    if isinstance(step, int | float | np.ndarray | np.number):
        return rate**step
    return math.e ** (step * math.log(rate or np.finfo(np.float32).tiny))
