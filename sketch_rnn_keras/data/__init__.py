"""Drawings to train on: what a name means (`catalog`), where they come from (`npz`, `quickdraw`, `doodles`), the data
set they become (`datasets`), the batches it is trained in (`batches`) and what is in it (`summary`). NumPy only."""
