"""A potential that is linear in its descriptors."""

from .linear import LinearPotential as LinearPotential
from .linear import check_model as check_model
from .linear import predicts as predicts
from .settings import descriptor_words as descriptor_words
from .settings import other_settings as other_settings
from .settings import refuse_other_names as refuse_other_names
from .settings import settings_of as settings_of
