"""Where torch, JAX and HIPS/autograd disagree about derivatives: ``python -m plugrad_conformance.findings``."""
