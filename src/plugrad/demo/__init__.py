"""What ``plugrad demo`` runs: a small network learns to read digits, and its gradients are compared with torch's.

The images are the test set of "Optical Recognition of Handwritten Digits" by E. Alpaydin and C. Kaynak (UCI Machine
Learning Repository, 1998), licensed CC BY 4.0; README.md beside the data says more.
"""

from .train import run

__all__ = ["run"]
