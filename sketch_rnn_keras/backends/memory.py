"""The memory of JAX's programs on a CPU, kept from one step to the next.

JAX takes the workspace of every step anew and gives it back; the C library hands so large a piece straight to the
kernel, which then clears it page by page: 200,000 page faults, a third of a training step. This holds for the whole
process, so importing the package does not do it: the command line does, before it trains.
"""

import ctypes
import platform
import sys

_TRIM_THRESHOLD, _MMAP_MAX, _ARENA_MAX = -1, -4, -8  # M_... of glibc's malloc.h


def keep_freed_memory() -> bool:
    """Have the C library keep freed memory for the next request, whatever its size; in one arena for all threads.

    The same as MALLOC_TRIM_THRESHOLD_=100000000000 MALLOC_MMAP_MAX_=0 MALLOC_ARENA_MAX=1 in the environment.

    Returns:
        Whether the C library is glibc, and took it.
    """
    if sys.platform != "linux" or platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return all(mallopt(option, value) for option, value in ((_TRIM_THRESHOLD, -1), (_MMAP_MAX, 0), (_ARENA_MAX, 1)))
