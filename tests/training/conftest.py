"""A training whose steps cost nothing: what the loop does around them is what is looked at."""

from types import SimpleNamespace

import pytest
from support.tiny_run import one_dot

from sketch_rnn_keras.training import log, loop

ZERO_TERMS = dict.fromkeys(("offset", "pen", "recon", "recon_masked", "pen_masked", "kl", "kl_raw"), 0.0)


@pytest.fixture
def stand_in(monkeypatch):
    """A loop whose compiled step only keeps its arguments and adds `.growth` to the output's bias.

    `.calls`: what each step was given, with the learning rate at its end. `.terms[step]` and `.validations[step]`: the
    losses it gives, where they are not 0.
    """
    double = SimpleNamespace(calls=[], terms={}, validations={}, growth=1.0, event_writer=lambda folder: None)

    def compiled_update(model, optimizer, objective, devices):
        def update(*arguments):
            double.calls.append((*arguments, float(optimizer.learning_rate)))
            model.output_head.bias.assign(model.output_head.bias + double.growth)
            return ZERO_TERMS | double.terms.get(len(double.calls), {})

        return update

    def evaluate(model, *_):
        return ZERO_TERMS | double.validations.get(len(double.calls), {})

    double.compiled_update = compiled_update
    monkeypatch.setattr(loop, "backend", lambda: double)
    monkeypatch.setattr(log, "backend", lambda: double)
    monkeypatch.setattr(loop, "evaluate", evaluate)
    monkeypatch.setattr(loop, "sample", one_dot)
    return double
