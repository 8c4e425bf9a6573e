"""Of the kit: values and derivatives of every operation once, and what is not about one operation.

All of it, ``plugrad conform jax -n 2``, takes 24 minutes, as XLA compiles each operation anew for each shape.
Set ``JAX_COMPILATION_CACHE_DIR``, so that the second time takes half as long.
"""

from __future__ import annotations

from plugrad_conformance import suite
from plugrad_conformance.questions import brief, questions

ASKED = [check for check in questions("gradients") if check.name in ("value", "walk", "jvp")]
ASKED += [check for family in ("graph", "errors", "dlpack", "random") for check in questions(family)]

globals().update(suite("jax", checks=brief(ASKED)))
