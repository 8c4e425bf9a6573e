"""Backends: who computes. `protocol` says what one is, `current` which one makes new arrays, `manager` finds them."""
