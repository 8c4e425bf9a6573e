"""What the documentation claims, executed."""
