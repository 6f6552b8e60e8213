"""Loads the compiled kernels, if they are there and made of the source that is there."""

import ctypes
import os
from ctypes import c_double, c_int32, c_int64, c_uint64, c_void_p
from functools import cache

from curator.similarity.native import build

# Arguments and result of each kernel; arrays are passed by address.
_KERNELS = {
    "curator_shingle": ([c_void_p, c_void_p, c_int64, c_void_p, c_int64, c_void_p], c_int64),
    "curator_count": ([c_void_p, c_void_p, c_int64, c_void_p, c_void_p, c_int32, c_uint64, c_uint64], None),
    "curator_keep": ([c_void_p, c_void_p, c_int64, c_void_p, c_void_p, c_int32, c_void_p, c_void_p], c_int64),
    "curator_prefixes": ([c_void_p] * 3 + [c_int64, c_void_p, c_int32] + [c_void_p] * 4, c_int64),
    "curator_index": ([c_void_p] * 5 + [c_int64, c_int32, c_void_p, c_void_p], c_int64),
    "curator_probe": (
        [c_void_p] * 8 + [c_int32, c_void_p, c_void_p, c_double, c_int64, c_int64] + [c_void_p] * 6,
        c_int64,
    ),
    "curator_shared": ([c_void_p] * 4 + [c_int64, c_void_p], None),
    "curator_sign": ([c_void_p, c_void_p, c_int64, c_void_p, c_void_p, c_int32, c_void_p], c_int64),
}


@cache
def load() -> ctypes.CDLL | None:
    """The library, or None: not built, of another version, or switched off by the environment (CURATOR_NATIVE=0)."""
    if os.environ.get("CURATOR_NATIVE") == "0":
        return None
    try:
        library = ctypes.CDLL(str(build.SOURCE.with_name(build.library_name())))
        for name, (arguments, result) in _KERNELS.items():
            kernel = getattr(library, name)
            kernel.argtypes, kernel.restype = arguments, result
    except (OSError, AttributeError):
        return None
    return library


def notice() -> str | None:
    """What to tell somebody who has much to compare, if the compiled kernels are not in use; None if they are."""
    if load():
        return None
    return (
        "comparing without compiled kernels: the same results, but much slower; "
        'with a C compiler, "python -m curator.similarity.native.build" makes them'
    )
