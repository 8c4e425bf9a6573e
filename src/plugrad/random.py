"""One random stream for all backends."""
