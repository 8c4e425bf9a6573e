"""The array API standard's main namespace, a file for each of its chapters."""

# ruff: noqa: F403  each chapter says what it offers
from .. import rules as _rules  # noqa: F401  the doors read what the rules filled in
from . import (
    constants,
    contraction,
    creation,
    data_types,
    elementwise,
    indexing,
    inspection,
    linalg,
    manipulation,
    searching,
    sets,
    sorting,
    statistical,
    updates,
    utility,
)
from .constants import *
from .contraction import *
from .creation import *
from .data_types import *
from .elementwise import *
from .indexing import *
from .inspection import *
from .linalg import *
from .manipulation import *
from .searching import *
from .sets import *
from .sorting import *
from .statistical import *
from .updates import *
from .utility import *

__all__: list[str] = []
__all__ += constants.__all__
__all__ += contraction.__all__
__all__ += creation.__all__
__all__ += data_types.__all__
__all__ += elementwise.__all__
__all__ += indexing.__all__
__all__ += inspection.__all__
__all__ += linalg.__all__
__all__ += manipulation.__all__
__all__ += searching.__all__
__all__ += sets.__all__
__all__ += sorting.__all__
__all__ += statistical.__all__
__all__ += updates.__all__
__all__ += utility.__all__
