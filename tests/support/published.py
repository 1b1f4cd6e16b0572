"""Files of the form that published models have, with nothing in them."""

import json
import math

DECODER = ((4, 123), (123,), (5, 16), (4, 16), (16,))
ENCODER = ((5, 8), (2, 8), (8,), (5, 8), (2, 8), (8,), (4, 3), (3,), (4, 3), (3,), (3, 8), (8,))


def text_of(*shape: int) -> str:
    """Base64 of as many 16-bit zeros as an array of this shape holds."""
    return "A" * (4 * -(-2 * math.prod(shape) // 3))


def model(of=DECODER, **changes) -> bytes:
    """A file with weights of these shapes; `changes` take the place of its parts."""
    parts = {"info": {"mode": 2, "name": "x"}, "shapes": of, "weights": [text_of(*shape) for shape in of]}
    return json.dumps(list((parts | changes).values())).encode()
