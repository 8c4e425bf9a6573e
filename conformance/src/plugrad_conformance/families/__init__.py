"""What is asked beside derivatives: of dtypes, memory, graphs, devices, threads, whatever a user relies on."""

from __future__ import annotations

from ..records import Check
from . import (
    aliasing,
    capabilities,
    compiled,
    conventions,
    determinism,
    devices,
    dlpack,
    draws,
    errors,
    extremes,
    graph,
    hygiene,
    leaks,
    promotion,
    size,
    threads,
)

__all__ = ["ALL"]

ALL: tuple[Check, ...] = (
    *capabilities.CHECKS,
    *promotion.CHECKS,
    *conventions.CHECKS,
    *extremes.CHECKS,
    *size.CHECKS,
    *aliasing.CHECKS,
    *graph.CHECKS,
    *errors.CHECKS,
    *devices.CHECKS,
    *dlpack.CHECKS,
    *draws.CHECKS,
    *compiled.CHECKS,
    *determinism.CHECKS,
    *leaks.CHECKS,
    *threads.CHECKS,
    *hygiene.CHECKS,
)
