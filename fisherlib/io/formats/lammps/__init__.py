"""Files of LAMMPS: dumps of configurations, and the array of compute snap."""

from .dump import read_dump as read_dump
from .snap import read_snap as read_snap
