"""Descriptors that do not fit into memory: a folder of checksummed shards that never change and that many writers may add to.

DECISION
"""

from .blocks import blocks as blocks
from .database import Database as Database
from .header import Damaged as Damaged
from .header import Header as Header
from .maintenance import retract as retract
from .maintenance import sweep as sweep
from .shard import Shard as Shard
from .writer import Writer as Writer
from .writer import write_dataset as write_dataset
