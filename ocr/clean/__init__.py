"""One estimator for each property of a scanned page; none of them warps."""
