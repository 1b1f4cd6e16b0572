"""The model of the paper: cells and their recurrence, the mixture, the losses, and `sketch_rnn.SketchRNN`, which wires
them into a `keras.Model`. Everything in here is in model units and `keras.ops`."""
