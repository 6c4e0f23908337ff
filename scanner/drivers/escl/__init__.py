"""eSCL (AirScan) network scanners."""
