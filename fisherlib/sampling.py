"""Markov chains that sample a target exp(−u): many walkers at once, by numpy."""
