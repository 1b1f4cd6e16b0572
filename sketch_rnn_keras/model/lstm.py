from .cells import LayerNormLSTMCell, LSTMCell  # noqa
