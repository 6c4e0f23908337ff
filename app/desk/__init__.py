"""Use cases of the counter without Qt: each one is one transaction."""
