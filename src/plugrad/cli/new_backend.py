"""A plugin project of one's own, rendered from the template that comes with plugrad."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from shutil import rmtree

from ..backends import manager
from ..backends.spec import API, BackendSpec
from ..errors import BackendError, MissingDependencyError, ValidationError

__all__ = ["TEMPLATE", "render"]

TEMPLATE = Path(__file__).parents[1] / "templates" / "backend"
_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


def render(name: str, output: Path | None, library: str) -> Path:
    """Write the project of a new backend; nothing is written if there is an error.

    Parameters
    ----------
    name : str
        The backend's; the distribution is ``plugrad-name``, its package ``plugrad_name``.
    output : Path, optional
        The project's folder, ``plugrad-name`` if not said. There must be nothing yet.
    library : str
        The module with the functions of the array API standard. It is not imported.

    Returns
    -------
    Path
        The project's folder.

    Raises
    ------
    ValidationError
        If the name or the library's is none, or there is something at `output`.
    BackendError
        If the name is taken.
    MissingDependencyError
        Without copier.
    """
    _check_name(name)
    if not _DOTTED.fullmatch(library):
        raise ValidationError(f'--library {library!r} names no module; write it as in "import": array_api_compat.numpy')
    try:
        from copier import run_copy
    except ModuleNotFoundError as missing:
        if missing.name != "copier":
            raise
        raise MissingDependencyError('new-backend needs copier: pip install "plugrad[new]"') from missing
    folder = _made(output or Path(f"plugrad-{name}"))
    try:
        run_copy(str(TEMPLATE), folder, data={"name": name, "library": library}, defaults=True, quiet=True)
    except BaseException:
        rmtree(folder)
        raise
    return folder


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True)
    except FileExistsError as error:
        raise ValidationError(
            f"{folder} is there already and stays as it is; name another folder with --output"
        ) from error
    except OSError as error:
        raise ValidationError(f"{folder} cannot be made: {error.strerror}; name another with --output") from error
    return folder


def _check_name(name: str) -> None:
    """One that a distribution, a package and a backend can have, and none has yet."""
    if not re.fullmatch(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*", name):
        raise ValidationError(
            f'{name!r} names no backend; write lower-case letters and digits, "-" or "_" between them, as in "mylib"'
        )
    module = name.replace("-", "_")
    BackendSpec(name=name, api=API, loader=f"plugrad_{module}:Backend")  # refuses what plugrad keeps for itself
    taken = {known.replace("-", "_") for known in (*manager.OFFICIAL, *(info.name for info in manager.backends()))}
    if module in taken:
        raise BackendError(f"there is a backend {name!r} already; take another name, or work on that one")
    if module == "conformance" or find_spec(f"plugrad_{module}"):
        raise BackendError(f"there is a package plugrad_{module} already; take another name")
