"""The only room that imports the capabilities: one module for each kind of work."""
