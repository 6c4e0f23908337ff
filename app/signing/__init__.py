"""Signing: one confirmation and one PIN put a provable signature on every paper of a dossier.

A small library of its own: bytes in, frozen values out. The only effect is the token worker, which
alone talks to a PKCS#11 module; everything before and after it (checks, preparing, embedding, the
read-back proof) is a pure function that may be run again after any crash.
"""
