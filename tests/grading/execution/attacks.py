"""What a hostile submission tries, as code that prints GOT when it has succeeded.

Each runs twice: outside, as a plain process of the same user, where it must succeed (else the test would
prove nothing), and in a submission, where it must not. `{name}` is filled in by `attack_program`.
"""

from __future__ import annotations

READ = "print('GOT' if open({path!r}, 'rb').read() else '')"

ATTACKS: dict[str, str] = {
    "read the gradebook": READ.replace("{path!r}", "{gradebook!r}"),
    "read the hidden tests": READ.replace("{path!r}", "{source!r}"),
    "read another submission": READ.replace("{path!r}", "{other!r}"),
    "read the exchange": READ.replace("{path!r}", "{exchange!r}"),
    "read the home": READ.replace("{path!r}", "{home_secret!r}"),
    "read a hidden folder inside a readable one": READ.replace("{path!r}", "{masked!r}"),
    "list the course": "import os\nprint('GOT' if os.listdir({course!r}) else '')",
    "learn that a file exists": "import os\nprint('GOT' if os.stat({gradebook!r}) else '')",
    "change a file's mode": "import os\nos.chmod({gradebook!r}, 0o644)\nprint('GOT')",
    "append to the gradebook": "open({gradebook!r}, 'ab').close()\nprint('GOT')",
    "write to a library": "open({library!r} + '/x', 'w').close()\nprint('GOT')",
    "find a token in the environment": (
        "import os\nprint('GOT' if {token!r}[::-1] in str(os.environ) else '')"
    ),
    "find a token in any process": (
        "import glob\n"
        "for path in glob.glob('/proc/[0-9]*/environ'):\n"
        "    try:\n"
        "        if {token!r}[::-1].encode() in open(path, 'rb').read():\n"
        "            print('GOT')\n"
        "    except OSError:\n"
        "        pass\n"
    ),
    "signal the worker": "import os\nos.kill({pid}, 0)\nprint('GOT')",
    "open a file of the worker's": (
        "import os\nos.close(os.open('/proc/{pid}/fd/{file}', os.O_WRONLY))\nprint('GOT')"
    ),
    "write into a pipe of the worker's": (
        "import os\nos.close(os.open('/proc/{pid}/fd/{pipe}', os.O_WRONLY | os.O_NONBLOCK))\nprint('GOT')"
    ),
    "write to the worker's log": "open({log!r}, 'a').close()\nprint('GOT')",
    "connect to a server here": (
        "import socket\nsocket.create_connection(('127.0.0.1', {port}), 2).close()\nprint('GOT')"
    ),
    "connect to a socket without a file": (
        "import socket\ns = socket.socket(socket.AF_UNIX)\ns.connect('\\0' + {abstract!r})\nprint('GOT')"
    ),
    "connect to a socket in the file system": (
        "import socket\ns = socket.socket(socket.AF_UNIX)\ns.connect({unix!r})\nprint('GOT')"
    ),
    "follow a symbolic link out": (
        "import os, tempfile\n"
        "link = os.path.join(tempfile.mkdtemp(), 'link')\n"
        "os.symlink({source!r}, link)\nprint('GOT' if open(link).read() else '')"
    ),
    "enter a namespace of its own": (
        "import ctypes\nprint('GOT' if ctypes.CDLL(None).unshare(0x10000000) == 0 else '')"
    ),
}
# Only root can do these outside.
ROOT_ATTACKS: dict[str, str] = {
    "take a socket of the worker's": (
        "import ctypes, os\npidfd_getfd, handle = 438, os.pidfd_open({pid})\n"
        "print('GOT' if ctypes.CDLL(None).syscall(pidfd_getfd, handle, {socket}, 0) >= 0 else '')"
    ),
    "change a setting of the machine": (
        "import os\nos.close(os.open('/proc/sys/kernel/core_pattern', os.O_WRONLY))\nprint('GOT')"
    ),
    "read the passwords": "print('GOT' if open('/etc/shadow').read() else '')",
    "write to the interpreter": (
        "import os, sys\np = os.path.join(sys.prefix, 'hubgrade-attack')\n"
        "open(p, 'w').close()\nos.remove(p)\nprint('GOT')"
    ),
    "make a device": (
        "import os, stat, tempfile\n"
        "path = os.path.join(tempfile.mkdtemp(), 'd')\n"
        "os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 3))\nprint('GOT')"
    ),
    "mount": (
        "import ctypes, tempfile\nd = tempfile.mkdtemp().encode()\nc = ctypes.CDLL(None)\n"
        "print('GOT' if c.mount(b'tmpfs', d, b'tmpfs', 0, None) == 0 and c.umount2(d, 0) == 0 else '')"
    ),
}

FORK_BOMB = """
import os, time
while True:
    try:
        if os.fork() == 0:
            time.sleep(0.01)
    except OSError:
        time.sleep(0.01)
"""
BIG_LIST = "numbers = [0] * (4 * 1024**3 // 8)\nprint('GOT')"
SHARED_MEMORY = """
import mmap
area = mmap.mmap(-1, 400 * 1024**2)
for start in range(0, len(area), 1024**2):
    area[start:start + 1024**2] = b'x' * 1024**2
import time; time.sleep(5)
print('GOT')
"""
MEMORY_FILES = """
import os, time
for number in range(60):
    handle = os.memfd_create(str(number))
    os.write(handle, b'x' * (8 * 1024**2))
time.sleep(5)
print('GOT')
"""
FILL_DISK = """
import os, time
wrote = 0
for folder in ('.', os.environ['HOME'], os.environ['TMPDIR'], '/tmp', '/dev/shm', '/dev', '/'):
    for number in range(20):
        try:
            with open(f'{folder}/big{number}', 'wb') as stream:
                for _ in range(10):
                    wrote += stream.write(b'x' * 1024**2)
        except OSError:
            pass
time.sleep(3)
print('GOT' if wrote > 60 * 1024**2 else wrote)
"""
BIG_FILE = """
try:
    with open('one', 'wb') as stream:
        stream.write(b'x' * (12 * 1024**2))
    print('GOT')
except OSError as error:
    print(error)
"""
EXIT = "import os\nos._exit(0)"
ENDLESS = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True:\n    pass"
INTERRUPTIBLE = "while True:\n    pass"
DETACH = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for handle in range(3):
            os.close(handle)
        time.sleep(600)
    os._exit(0)
os.wait()
time.sleep(1.5)
print('detached')
"""
KILL_SUPERVISOR = """
import os, signal
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL, signal.SIGSTOP):
    try:
        os.kill(1, number)
    except OSError:
        pass
try:
    print('GOT', open('/proc/1/environ').read() is None)
except OSError:
    pass
try:
    open('/proc/1/mem', 'r+b')
    print('GOT')
except OSError:
    pass
"""
FLOOD = "for number in range(200):\n    print('x' * 100_000, flush=True)"
ONE_BIG_OUTPUT = "from IPython.display import display\ndisplay({'text/plain': 'x' * 8_000_000}, raw=True)"
VICTIM = """
import os, signal, socket, time
for folder in ('.', os.environ['HOME'], os.environ['TMPDIR'], '/tmp', '/dev/shm'):
    # with the interpreter in /tmp, that is nobody's to write to
    if folder != '/tmp' or os.access(folder, os.W_OK):
        with open(folder + '/victim-file', 'w') as stream:
            stream.write('victim')
server = socket.socket(socket.AF_UNIX)
server.bind('victim-socket')
told = []
signal.signal(signal.SIGUSR1, lambda *given: told.append(True))
while not told:
    time.sleep(0.1)
"""
# `pids` are the victim's outside of it, `others` any that it may have where the spy is; `tops` are roots.
SPY = """
import ctypes, glob, os, stat
own = [1, os.getppid(), *[int(path.rpartition('/')[2]) for path in glob.glob('/proc/self/task/*')]]
ptrace, seize = ctypes.CDLL(None).ptrace, 0x4206
for pid in sorted(set({pids}).union({others}).difference(own)):
    if os.path.exists('/proc/' + str(pid)):
        print('GOT process', pid)
    try:
        os.kill(pid, 0)
        print('GOT signal', pid)
    except OSError:
        pass
    if (pid in {pids} or pid < 5000) and ptrace(seize, pid, None, None) == 0:
        print('GOT trace', pid)
for top in {tops}:
    for base, folders, files in os.walk(top + '/'):
        base = base[len(top):]
        if base.startswith(('/proc', '/usr', '/sys')):
            folders.clear()
            continue
        for name in files:
            path = os.path.join(base, name)
            if name == 'victim-file':
                print('GOT file', base)
            if stat.S_ISSOCK(os.lstat(top + path).st_mode) and not (top + path).startswith('/grading/run'):
                print('GOT socket', path)
print('terminals', os.listdir('/dev/pts'))
"""
OPEN_FILES = """
import json, os, time
time.sleep(1)
links = []
for number in os.listdir('/proc/self/fd'):
    try:
        links.append(os.readlink('/proc/self/fd/' + number))
    except FileNotFoundError:
        pass
print(json.dumps(links))
"""
# The file is the process's own, and no mount makes it read-only.
ONLY_LANDLOCK = "open('/proc/self/comm', 'w').close()\nprint('GOT')"
INTERFACES = "import socket\nprint([name for _, name in socket.if_nameindex()])"
LINK_BACK = (
    "import os\nos.symlink('/etc/hostname', 'link')\nos.mkfifo('pipe')\nopen('fine', 'w').write('fine')"
)
