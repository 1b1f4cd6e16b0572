"""The model of the paper: cells and their recurrence, the mixture, the losses, and `sketch_rnn.SketchRNN`, which wires
them into a `keras.Model`; its file (`saving`) and where its weights come from (`provenance`). The mathematics is in
model units and `keras.ops`."""

from ..backends import startup

startup.keras()  # before a module in here imports it: without its remarks
