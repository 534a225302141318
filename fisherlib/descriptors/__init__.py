"""Featurisers: ``ase.Atoms`` in, descriptors of every atom and force descriptors Φ out."""

from .soap import Soap as Soap
