"""A model's weights as arguments: what both backends need to compile a function of them.

Enters: variables and the values that they are to have. Leaves: what a function gives that reads those.
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras


def with_weights(
    variables: Sequence[keras.Variable], values: Sequence[Any], function: Callable[..., Any], arguments: Sequence[Any]
) -> Any:
    """`function(*arguments)`, to which the variables have these values."""
    with keras.StatelessScope(state_mapping=list(zip(variables, values, strict=True))):
        return function(*arguments)
