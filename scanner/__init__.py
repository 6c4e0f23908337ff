"""Scanner drivers behind one protocol, each side proved complete before it counts."""
