"""One module for each way of talking to a scanner."""
