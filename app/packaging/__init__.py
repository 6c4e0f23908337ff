"""Pages in, searchable PDF/A out: text layer, composition, conformance gate."""
