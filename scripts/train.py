"""`python scripts/train.py ...` is `sketch-rnn train ...`."""

import sys

from sketch_rnn_keras.cli import main

if __name__ == "__main__":
    sys.argv.insert(1, "train")
    main()
