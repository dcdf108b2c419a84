"""The environment that student code gets: built up from nothing, so that no token or secret is in it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

# What programs need to run at all, to find their libraries, and to print the same text everywhere.
ALLOWED = frozenset(
    {
        "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TZDIR", "TERM", "TMPDIR",
        "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LIBRARY_PATH", "CPATH", "PKG_CONFIG_PATH",
        "VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_DEFAULT_ENV", "MAMBA_ROOT_PREFIX",
        "PYTHONPATH", "PYTHONHOME", "PYTHONHASHSEED", "PYTHONIOENCODING", "PYTHONUTF8", "PYTHONNOUSERSITE",
        "PYTHONUSERBASE", "PYTHONDONTWRITEBYTECODE", "PYTHONWARNINGS", "PYTHONPYCACHEPREFIX",
        "JUPYTER_PATH", "JUPYTER_CONFIG_DIR", "JUPYTER_CONFIG_PATH", "JUPYTER_DATA_DIR",
        "JUPYTER_RUNTIME_DIR",
        "JUPYTER_PLATFORM_DIRS", "JUPYTER_PREFER_ENV_PATH", "IPYTHONDIR", "MPLBACKEND", "MPLCONFIGDIR",
        "R_HOME", "R_LIBS", "R_LIBS_SITE", "R_LIBS_USER", "R_ENVIRON", "R_PROFILE", "JULIA_DEPOT_PATH",
        "JULIA_PROJECT", "JULIA_LOAD_PATH", "JAVA_HOME", "CLASSPATH", "OCTAVE_PATH", "OCTAVE_EXECUTABLE",
        "SAS_HOME", "GOPATH", "GOROOT", "CUDA_VISIBLE_DEVICES", "CUDA_HOME", "SSL_CERT_FILE", "SSL_CERT_DIR",
        "NBGRADER_EXECUTION", "DOTNET_ROOT",
    }
)  # fmt: skip
_SET_BY_THE_SANDBOX = {
    "HOME",
    "TMPDIR",
    "JUPYTER_CONFIG_DIR",
    "JUPYTER_DATA_DIR",
    "JUPYTER_RUNTIME_DIR",
    "IPYTHONDIR",
}
ALLOWED_PREFIXES = ("LC_", "XDG_", "OMP_", "OPENBLAS_", "MKL_", "NUMBA_", "NUMEXPR_")
# Names that are refused even if the lists above should let them through one day.
FORBIDDEN = re.compile(r"JUPYTERHUB|^JPY_|CONFIGPROXY|TOKEN|SECRET|PASSW|CREDENTIAL|API_?KEY", re.IGNORECASE)


def kernel_environment(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return what of `environment` (None: this process's) a kernel that runs student code may have."""
    given = os.environ if environment is None else environment
    return {
        name: value
        for name, value in given.items()
        if (name in ALLOWED or name.startswith(ALLOWED_PREFIXES)) and not FORBIDDEN.search(name)
    }


def sandbox_environment() -> dict[str, str]:
    """Return what of this process's environment a sandboxed kernel gets while it is autograded."""
    kept = {name: value for name, value in kernel_environment().items() if name not in _SET_BY_THE_SANDBOX}
    return {**kept, "NBGRADER_EXECUTION": "autograde"}


@contextmanager
def scrubbed_environment() -> Iterator[None]:
    """Leave this process only the kernels' environment, and give it back at the end.

    Kernels inherit from the process that starts them; so does what nbgrader
    itself sets meanwhile, which is undone too.
    """
    before = dict(os.environ)
    allowed = kernel_environment(before)
    try:
        for name in before:
            if name not in allowed:
                del os.environ[name]
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
