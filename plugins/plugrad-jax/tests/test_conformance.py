"""Of the kit: values and derivatives of every operation once, and what is not about one operation.

All of it takes 24 minutes on two cores, as XLA compiles each operation anew for each shape: ``plugrad conform jax -n 2``.
Set ``JAX_COMPILATION_CACHE_DIR``, so that the second time takes half as long.
"""

from __future__ import annotations

from plugrad_conformance import suite
from plugrad_conformance.questions import brief, questions

ASKED = [check for check in questions("gradients") if check.name in ("value", "walk", "jvp")]
ASKED += [check for family in ("graph", "errors", "dlpack", "random") for check in questions(family)]

globals().update(suite("jax", checks=brief(ASKED)))
