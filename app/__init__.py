"""The counter station: composition, domain, store, pipeline and desk."""
