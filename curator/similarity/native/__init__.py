"""Compiled kernels of the near-duplicate engine: their C source, how it is built, and how it is loaded."""
