"""fisherlib: the Fisher divergence of potentials that are linear in their descriptors."""
