"""The only code that opens files: readers, writers and the safe reading of foreign pickles."""

from . import database as database
from . import lammps as lammps
from . import milady as milady
from .column import Column as Column
from .complete import Complete as Complete
from .dataset import read as read
from .dataset import read_frames as read_frames
from .dataset import write as write
from .find import find as find
from .find import printable as printable
from .find import sha256 as sha256
from .frames import Frames as Frames
from .listing import data_files as data_files
from .listing import theta_files as theta_files
from .npz import write_frames as write_frames
from .opened import Opened as Opened
from .opened import open as open
from .records import read_moments as read_moments
from .records import write_moments as write_moments
from .registry import fetch as fetch
from .registry import zuo2020 as zuo2020
from .snapcoeff import read_snapcoeff as read_snapcoeff
from .snapcoeff import write_snapcoeff as write_snapcoeff
from .theta import read_theta as read_theta
from .theta import versions as versions
from .theta import write_theta as write_theta
