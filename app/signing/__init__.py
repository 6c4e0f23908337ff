"""PAdES signatures with a PKCS#11 token: policy, preparation, embedding, proof."""
