"""Descriptors that do not fit into memory: a folder of immutable, checksummed shards that many writers may add to."""

from .blocks import blocks as blocks
from .database import Database as Database
from .header import Damaged as Damaged
from .header import Header as Header
from .retract import retract as retract
from .shard import Shard as Shard
from .sweep import sweep as sweep
from .writer import Writer as Writer
from .writer import write_dataset as write_dataset
