"""The dashboard as an application of its own: Voilà, for one person, with kernels that end with their page."""
