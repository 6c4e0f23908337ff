"""Qt models over the desk and the bridge from doorbell to signals."""
