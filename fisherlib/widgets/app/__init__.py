"""The dashboard as an application: Voilà for one person, with kernels that end with their page."""
