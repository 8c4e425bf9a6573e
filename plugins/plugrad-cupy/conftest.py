"""What needs CuPy to be imported is not looked at for examples where there is none; what stands for it never is."""

from __future__ import annotations

from importlib.util import find_spec

collect_ignore = ["tests/fake", *([] if find_spec("cupy") else ["src/plugrad_cupy/backend.py"])]
