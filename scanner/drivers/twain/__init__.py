"""TWAIN 2 sources; never tried on a real device."""
