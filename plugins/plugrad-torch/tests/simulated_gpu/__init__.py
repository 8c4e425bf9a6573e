"""A GPU for a torch that was built without: two devices ``"cuda:0"`` and ``"cuda:1"`` in the host's memory.

torch's dispatcher, views and rules for devices are its own; what lies on the wrong device, or comes back by way of the
host, shows as it does on a GPU. What CUDA's kernels compute, and how fast, does not.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import torch

__all__ = ["COMPILER", "build", "load"]

COMPILER = shutil.which("c++")
_SOURCE = Path(__file__).with_name("gpu.cpp")


def build(folder: Path) -> Path:
    """The library, compiled against this torch.

    Raises
    ------
    subprocess.CalledProcessError
        If it does not compile; the compiler's words go to standard error.
    """
    from torch.utils.cpp_extension import include_paths, library_paths

    library = folder / "simulated_gpu.so"
    places = [f"-isystem{path}" for path in include_paths()] + [f"-L{path}" for path in library_paths()]
    flags = ["-std=c++20", "-O0", "-shared", "-fPIC", "-o", str(library)]
    subprocess.run(
        [str(COMPILER), *flags, str(_SOURCE), *places, "-ltorch", "-ltorch_cpu", "-lc10"], check=True, timeout=600
    )
    return library


def load(library: Path) -> None:
    """Give this process the GPU. There is no way back: ask for it in a process of its own."""
    torch.ops.load_library(library)
    torch.cuda._lazy_init = lambda: None
    torch.cuda.is_available = torch.cuda.is_initialized = lambda: True
    torch.cuda.device_count = lambda: 2
    torch.cuda.current_device = lambda: 0
    torch.cuda.synchronize = lambda device=None: None
