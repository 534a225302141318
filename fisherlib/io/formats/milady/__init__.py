"""Files of the package MiLaDy: its descriptor database, its design matrix and its potentials."""

from .descdb import holds as holds
from .descdb import read as read
from .design_matrix import read_rows as read_rows
from .potentials import read_pot as read_pot
from .potentials import write_pot as write_pot
