"""Pickled data frames, as FitSNAP and the old app wrote them. Frozen: what is read today is read for ever, nothing is added."""
