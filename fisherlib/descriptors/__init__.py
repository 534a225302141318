"""Featurisers: ``ase.Atoms`` in, descriptors of every atom and force descriptors Φ out."""

from .acsf import Acsf as Acsf
from .chebyshev import Chebyshev as Chebyshev
from .contract import Descriptor as Descriptor
from .contract import JacobianDescriptor as JacobianDescriptor
from .contract import Limit as Limit
from .contract import StrainDescriptor as StrainDescriptor
from .contract import in_words as in_words
from .contract import size_parameters as size_parameters
from .dscribe_soap import DscribeSoap as DscribeSoap
from .gmp import Gmp as Gmp
from .kinds import KINDS as KINDS
from .kinds import from_parameters as from_parameters
from .kinds import from_text as from_text
from .kinds import with_settings as with_settings
from .repulsion import Contribution as Contribution
from .repulsion import Reference as Reference
from .repulsion import Zbl as Zbl
from .repulsion import contribution as contribution
from .repulsion import reference_of as reference_of
from .repulsion import without_reference as without_reference
from .sizes import Default as Default
from .sizes import default_for as default_for
from .sizes import or_default as or_default
from .snap import Snap as Snap
from .soap import Soap as Soap
