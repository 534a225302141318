"""FitSNAP's tantalum set, where it lies beside the project: its configurations, and the rows that FitSNAP made of them."""

import tarfile
from pathlib import Path

import numpy as np
import pytest
from unpack import unpack

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data" / "fitsnap_ta"
ROWS = FOLDER / "Ta_snap2J6_fitsnap_rows.npz"

#: What its input file says (written anew, in FitSNAP's layout): sizes, eweight, fweight, vweight.
INPUT = """\
[BISPECTRUM]
numTypes = 1
twojmax = 6
rcutfac = 4.67637
type = Ta

[REFERENCE]
units = metal
pair_style = hybrid/overlay zero 10.0 zbl 4.0 4.8
pair_coeff1 = * * zero
pair_coeff2 = * * zbl 73 73

[GROUPS]
# name size eweight fweight vweight
group_sections = name training_size testing_size eweight fweight vweight
group_types = str float float float float float
smartweights = 0
random_sampling = 0
Displaced_A15 =  1.0    0.0       100             1               1.00E-08
Displaced_BCC =  1.0    0.0       100             1               1.00E-08
Displaced_FCC =  1.0    0.0       100             1               1.00E-08
Elastic_BCC   =  1.0    0.0     1.00E-08        1.00E-08        0.0001
Elastic_FCC   =  1.0    0.0     1.00E-09        1.00E-09        1.00E-09   # softened
GSF_110       =  1.0    0.0      100             1               1.00E-08
GSF_112       =  1.0    0.0      100             1               1.00E-08
Liquid        =  1.0    0.0       4.67E+02        1               1.00E-08
Surface       =  1.0    0.0       100             1               1.00E-08
Volume_A15    =  1.0    0.0      1.00E+00        1.00E-09        1.00E-09
Volume_BCC    =  1.0    0.0      1.00E+00        1.00E-09        1.00E-09
Volume_FCC    =  1.0    0.0      1.00E+00        1.00E-09        1.00E-09
"""


def beside() -> None:
    """Skips a test where the set is not there."""
    if not ROWS.is_file():
        pytest.skip("FitSNAP's tantalum set is not beside the project, in ../shared/data/fitsnap_ta")


def unpacked(folder: Path) -> Path:
    """The folder of its configurations, a folder for each group."""
    with tarfile.open(FOLDER / "Ta_JSON.tar.xz") as archive:
        unpack(archive, folder)
    return folder / "JSON"


def rows() -> dict[str, np.ndarray]:
    """A, b, w and what each row is, with the group of each row."""
    with np.load(ROWS) as file:
        found = dict(file)
    groups = np.array([name.partition("/")[0] for name in found["config_names"].tolist()])
    return found | {"group": groups[found["config_index"]]}
