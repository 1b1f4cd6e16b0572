from .cells import HyperLSTMCell, HYPER_UNITS, HYPER_EMBEDDING  # noqa
