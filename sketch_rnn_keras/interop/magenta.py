"""The original's variables (TensorFlow 1, Magenta) -> our weights, and back.

Enters: arrays under the original's names, such as `vector_rnn/RNN/LSTMCell/W_xh:0`. Leaves: a model that holds them.
Every shape is the same on both sides, so the translation is a table of names.
"""

from collections.abc import Mapping

import numpy as np

from ..cells import HyperLSTMCell, LayerNormLSTMCell, LSTMCell
from ..errors import InputError

_NAMES = {LSTMCell: "LSTMCell", LayerNormLSTMCell: "LayerNormLSTMCell", HyperLSTMCell: "HyperLSTMCell"}


def variables(model) -> dict:
    """The original's name of every weight of `model`: `{"vector_rnn/...:0": keras.Variable}`."""
    table = _cell_table(model.decoder, "RNN")
    table |= {"RNN/output_w": model.output_head.kernel, "RNN/output_b": model.output_head.bias}
    if model.hparams.conditional:
        table |= _cell_table(model.encoder_forward, "ENC_RNN/fw") | _cell_table(model.encoder_backward, "ENC_RNN/bw")
        linear = {"ENC_RNN_mu": model.mu, "ENC_RNN_sigma": model.presigma, "linear": model.initial_state}
        for scope, layer in linear.items():
            table |= {f"{scope}/super_linear_w": layer.kernel, f"{scope}/super_linear_b": layer.bias}
    return {f"vector_rnn/{name}:0": variable for name, variable in table.items()}


def _cell_table(cell, scope: str) -> dict:
    scope = f"{scope}/{_NAMES[type(cell)]}"
    table = {f"{scope}/W_xh": cell.input_kernel, f"{scope}/W_hh": cell.recurrent_kernel}
    if isinstance(cell, (LSTMCell, HyperLSTMCell)):
        table[f"{scope}/bias"] = cell.bias
    if isinstance(cell, LayerNormLSTMCell):  # HyperLSTMCell is one
        table |= {
            f"{scope}/ln_all/ln_gamma": cell.gates_gamma,
            f"{scope}/ln_all/ln_beta": cell.gates_beta,
            f"{scope}/ln_c/ln_gamma": cell.memory_gamma,
            f"{scope}/ln_c/ln_beta": cell.memory_beta,
        }
    if isinstance(cell, HyperLSTMCell):
        table |= _cell_table(cell.hyper, scope) | _hyper_table(cell, scope)
    return table


def _hyper_table(cell, scope: str) -> dict:
    table = {}
    for name in cell.scaled:
        table[f"{scope}/hyper_{name}/zw/super_linear_w"] = cell.zw_kernel[name]
        table[f"{scope}/hyper_{name}/zw/super_linear_b"] = cell.zw_bias[name]
        table[f"{scope}/hyper_{name}/alpha/super_linear_w"] = cell.alpha[name]
    for name in cell.shifted:
        table[f"{scope}/hyper_{name}/zb/super_linear_w"] = cell.zb_kernel[name]
        table[f"{scope}/hyper_{name}/beta/super_linear_w"] = cell.beta[name]
    return table


def assign_variables(model, arrays: Mapping[str, np.ndarray]) -> None:
    """Give every weight of `model` its value from the original's variables; nothing is assigned unless all fit.

    Args:
        model: a `SketchRNN` of the same hyperparameters.
        arrays: the original's names, with or without the final ":0", each exactly once.

    Raises:
        InputError: a name is missing, unknown or given twice, or a shape differs.
    """
    table, given = variables(model), {}
    for name, array in arrays.items():
        full = name if name.endswith(":0") else f"{name}:0"
        if full in given:
            raise InputError(f"Magenta variables: {full!r} is given twice, with and without ':0'; pass it once")
        given[full] = np.asarray(array)
    missing, unknown = sorted(table.keys() - given.keys()), sorted(given.keys() - table.keys())
    if missing or unknown:
        raise InputError(
            f"Magenta variables: expected the {len(table)} variables of a model with {_describe(model)}; "
            f"missing: {', '.join(missing[:4]) or 'none'}; unknown: {', '.join(unknown[:4]) or 'none'}. "
            "Check enc_model, dec_model and conditional in the configuration"
        )
    for name, variable in table.items():
        if tuple(variable.shape) != given[name].shape:
            raise InputError(
                f"Magenta variable {name!r}: expected shape {tuple(variable.shape)}, received {given[name].shape}; "
                "check the sizes in the configuration"
            )
    for name, variable in table.items():
        variable.assign(given[name])


def read_variables(model) -> dict[str, np.ndarray]:
    """The inverse of `assign_variables`: the weights of `model` as arrays under the original's names."""
    return {name: variable.numpy() for name, variable in variables(model).items()}


def _describe(model) -> str:
    hparams = model.hparams
    encoder = f"enc_model={hparams.enc_model}, " if hparams.conditional else "no encoder, "
    return f"{encoder}dec_model={hparams.dec_model}"
