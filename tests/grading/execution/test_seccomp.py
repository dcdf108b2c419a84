"""System calls that no notebook needs are refused at both levels, to programs that it starts as well."""

from __future__ import annotations

import errno
import platform
from collections.abc import Callable

import pytest

from hubgrade_ext.grading.execution.bundle import Bundle, BundleResult, Level
from hubgrade_ext.grading.execution.engine import ExecutorSettings, LocalExecutor, execute_bundle
from hubgrade_ext.grading.execution.isolation import try_level

TRY = """
import ctypes, errno, os, resource, socket, subprocess, sys
code = '''
import ctypes, errno, os, resource, socket
libc = ctypes.CDLL(None, use_errno=True)
context = ctypes.c_ulong(0)
def number(*arguments):
    ctypes.set_errno(0)
    return 0 if libc.syscall(*arguments) >= 0 else ctypes.get_errno()
def attempt(function, *arguments):
    try:
        function(*arguments)
    except OSError as error:
        return error.errno
    return 0
print(
    attempt(os.memfd_create, "x"), number({io_setup}, 1, ctypes.byref(context)), number({userfaultfd}, 0),
    attempt(resource.prlimit, os.getppid(), resource.RLIMIT_NOFILE), attempt(socket.socket, 40, 1),
    attempt(resource.prlimit, 0, resource.RLIMIT_NOFILE), attempt(socket.socketpair),
)
'''
exec(code)
print(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout)
"""
NUMBERS = {"x86_64": {"io_setup": 206, "userfaultfd": 323}, "aarch64": {"io_setup": 0, "userfaultfd": 282}}
REFUSED = [errno.ENOSYS, errno.ENOSYS, errno.ENOSYS, errno.EPERM, errno.EAFNOSUPPORT, 0, 0]


@pytest.mark.skipif(platform.machine() not in NUMBERS, reason="no filter for this architecture")
@pytest.mark.parametrize("level", ["namespaces", "bubblewrap"])
def test_calls_are_refused(
    make_bundle: Callable[..., Bundle], said: Callable[[BundleResult], list[str]], level: Level
) -> None:
    if not try_level(level).works:
        pytest.skip(f"{level} does not work here")
    attempt = TRY
    for name, number in NUMBERS[platform.machine()].items():
        attempt = attempt.replace(f"{{{name}}}", str(number))
    heard = {}
    for tried in (level, "none"):
        with LocalExecutor(ExecutorSettings(level=tried)) as executor:
            result = executor.submit(execute_bundle, make_bundle(attempt)).result(60)
        heard[tried] = [int(word) for word in said(result)[0].split()]
    assert heard[level] == REFUSED * 2
    # without the filter, the same code gets what it wants
    assert heard["none"][:2] == [0, 0]
