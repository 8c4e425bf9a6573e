"""Every derivative rule, on every sample of every primitive."""
