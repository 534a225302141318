"""Checks of arguments at the doors of the package. Each names the argument, what was expected and what came."""

from .objects import choice as choice
from .objects import each as each
from .objects import keys as keys
from .objects import kind as kind
from .objects import location as location
from .objects import words as words
from .values import ELEMENTS as ELEMENTS
from .values import elements as elements
from .values import flag as flag
from .values import flags as flags
from .values import floats as floats
from .values import is_whole as is_whole
from .values import number as number
from .values import numbers as numbers
from .values import positive as positive
from .values import seed as seed
from .values import whole as whole
