"""Boltzmann generators: invertible maps from a Gaussian to p ∝ exp(−u), whose draws are reweighted."""
