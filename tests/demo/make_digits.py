"""Makes the demo's digits.npz from scikit-learn's copy: ``python tests/demo/make_digits.py``."""

from __future__ import annotations

from pathlib import Path

import numpy as np

PATH = Path(__file__).parents[2] / "src" / "plugrad" / "demo" / "digits.npz"


def digits() -> dict[str, np.ndarray]:
    """The arrays of the file."""
    from sklearn.datasets import load_digits

    found = load_digits()
    return {"images": found.data.astype(np.uint8), "labels": found.target.astype(np.uint8)}


if __name__ == "__main__":
    np.savez_compressed(PATH, **digits())
