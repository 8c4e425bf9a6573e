"""Functions of neural networks, numerically stable; what is used most is one primitive."""
