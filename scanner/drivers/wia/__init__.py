"""WIA 2.0 scanners; never tried on a real device."""
