"""The only code that opens files: readers, writers and the safe reading of foreign pickles."""

from ..configurations import Configurations as Configurations
from . import database as database
from .columns.choice import Choice as Choice
from .columns.description import Column as Column
from .data_file import Opened as Opened
from .formats import lammps as lammps
from .formats import milady as milady
from .formats.fitsnap_input import FitsnapInput as FitsnapInput
from .formats.fitsnap_input import read_fitsnap_input as read_fitsnap_input
from .formats.kinds import data_files as data_files
from .formats.npz import write_frames as write_frames
from .formats.snapcoeff import read_snapcoeff as read_snapcoeff
from .formats.snapcoeff import write_snapcoeff as write_snapcoeff
from .formulas import read_formulas as read_formulas
from .moments import read_moments as read_moments
from .moments import write_moments as write_moments
from .places import find as find
from .places import printable as printable
from .places import sha256 as sha256
from .published import fetch as fetch
from .published import zuo2020 as zuo2020
from .reading import open as open
from .reading import read as read
from .reading import read_frames as read_frames
from .theta import read_theta as read_theta
from .theta import theta_files as theta_files
from .theta import versions as versions
from .theta import write_theta as write_theta
from .writing import write as write

#: The name that configurations had before.
Frames = Configurations
