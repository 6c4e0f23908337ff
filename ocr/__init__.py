"""From a scanned picture to an upright page with Vietnamese words and boxes."""
