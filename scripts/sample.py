"""`python scripts/sample.py ...` is `sketch-rnn sample ...`."""

import sys

from sketch_rnn_keras.cli import main

if __name__ == "__main__":
    sys.argv.insert(1, "sample")
    main()
