"""What student code may read of this machine: the interpreter, its libraries, the kernels, system files."""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path

import msgspec

# Entries of /etc that programs need; the rest may hold passwords, tokens and keys.
ETC = (
    "alternatives", "ca-certificates", "crypto-policies", "default/locale", "fonts", "gai.conf",
    "host.conf", "hosts", "ImageMagick-6", "ImageMagick-7", "java-11-openjdk", "java-17-openjdk",
    "java-21-openjdk", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "locale.alias",
    "locale.conf", "magic", "magic.mime", "matplotlibrc", "mime.types", "nsswitch.conf", "octave",
    "OpenCL", "os-release", "papersize", "perl", "pki", "protocols", "R", "resolv.conf", "services",
    "ssl/certs", "ssl/openssl.cnf", "terminfo", "texmf", "timezone",
)  # fmt: skip
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/gnu/store")
# This program: of a checkout, it lies in a folder of the import path that may hold the course too.
_PROGRAM = str(Path(__file__).parents[2])
# Inside a reachable prefix, and yet not for students: configuration with tokens and password hashes.
_CONFIGURATION = ("etc/jupyter", "etc/jupyterhub", "etc/nbgrader")


class Request(msgspec.Struct, frozen=True):
    """Ask for what kernels need: `programs` are their commands, `readable` other paths, `hidden` never."""

    programs: tuple[tuple[str, ...], ...] = ()
    readable: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    home: str = "/root"


class Reach(msgspec.Struct, frozen=True):
    """List real paths and links: `folders` (or files) to show, outermost first; `hidden` ones inside them.

    `inner` are folders to show although they lie inside a hidden one.
    `links` are symbolic links, path to target, that lead to the folders.
    """

    folders: tuple[str, ...]
    inner: tuple[str, ...]
    hidden: tuple[str, ...]
    links: dict[str, str]


def compute_reach(request: Request) -> Reach:
    """Return what a kernel of this interpreter, or of `request.programs`, may read on this machine.

    The home and what is to be hidden are covered where they lie inside of it. A
    folder of the import path, or a program's, that holds one of them is left out
    with all its other contents: those are not libraries only.
    """
    secret = [os.path.realpath(path) for path in (request.home, *request.hidden)]
    found = [entry for entry in sys.path if entry]
    for argv in request.programs:
        found += _program_prefixes(argv)
    wanted = [*SYSTEM, *_prefixes(), _PROGRAM, *request.readable]
    wanted += [path for path in found if not any(holds(os.path.realpath(path), p) for p in secret)]
    allowed = [path for path in dict.fromkeys(wanted) if Path(path).exists()]
    real = {os.path.realpath(path) for path in allowed}
    outer = sorted(p for p in real if not any(holds(other, p) for other in real if other != p))
    masks = [*secret, *(os.path.join(p, part) for p in ("/usr", *_prefixes()) for part in _CONFIGURATION)]
    hidden = [p for p in dict.fromkeys(masks) if Path(p).exists() and any(holds(f, p) for f in outer)]
    inner = sorted(p for p in real if p not in outer and any(holds(h, p) for h in hidden))
    links: dict[str, str] = {}
    for path in allowed:
        _collect_links(path, links)
    shown = {link: target for link, target in links.items() if not any(holds(p, link) for p in outer)}
    return Reach(tuple(outer), tuple(inner), tuple(hidden), shown)


def holds(folder: str, path: str) -> bool:
    """Say whether `path` is `folder` or below it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _prefixes() -> list[str]:
    paths = sysconfig.get_paths()
    return [
        sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix,
        paths["stdlib"], paths["platstdlib"], paths["purelib"], paths["platlib"],
    ]  # fmt: skip


def _program_prefixes(argv: tuple[str, ...]) -> list[str]:
    """Return the installations that a kernel's program belongs to: of /opt/x/bin/R that is /opt/x."""
    if not argv or not Path(argv[0]).is_absolute():
        return []
    programs = (Path(argv[0]), Path(os.path.realpath(argv[0])))
    return [str(p.parent.parent if p.parent.name == "bin" else p.parent) for p in programs]


def _collect_links(path: str, links: dict[str, str], depth: int = 40) -> None:
    current = "/"
    parts = [part for part in path.split("/") if part]
    for number, part in enumerate(parts):
        current = os.path.join(current, part)
        if Path(current).is_symlink():
            target = str(Path(current).readlink())
            links[current] = target
            if depth:
                rest = os.path.join(Path(current).parent, target, *parts[number + 1 :])
                _collect_links(os.path.normpath(rest), links, depth - 1)
            return
