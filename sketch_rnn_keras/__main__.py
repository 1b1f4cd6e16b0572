"""`python -m sketch_rnn_keras` is the `sketch-rnn` command."""

from .cli import main

main()
