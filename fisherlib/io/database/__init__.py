"""Descriptors that do not fit into memory: a folder of checksummed shards that never change and that many writers may add to.

A shard is an uncompressed ``.npz``. Its first member, ``header.json``, has a CRC-32 of every block of every array, and all
bytes around the arrays follow from it and are compared with it. The last checksum of an array is that of the archive, so
every byte is summed up once.

Decided on 30 November 2026, before the first release, against shards in HDF5 with the same promises. Speed of npz over HDF5,
medians of 24 turns on two busy cores, in processor time: writing 64 MB 1.01, moments from a cold disk 1.01 and from memory
1.00, ``verify`` 1.12; listing 2,000 shards 3.5 in wall time. A library fewer, and numpy and any zip program read a shard.
"""

from .database import Database as Database
from .header import Header as Header
from .inventory import retract as retract
from .inventory import sweep as sweep
from .layout import Damaged as Damaged
from .shard import Shard as Shard
from .shard import blocks as blocks
from .writer import Writer as Writer
from .writer import write_dataset as write_dataset
