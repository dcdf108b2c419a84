# Sourced by the other scripts: a virtual environment of the project's own in .venv, made once.
# Needs Python >= 3.11 with venv, and Node >= 20 to build the labextension. On Debian as root it
# installs what is missing; else it says what to install.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
VENV="$ROOT/.venv"
cd "$ROOT"
# nothing is left in the home folder
export YARN_GLOBAL_FOLDER="$VENV/yarn"

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 2; }

can_apt() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

apt_install() {
  say "Installing Debian packages: $*"
  apt-get update -qq >/dev/null || die "apt-get update failed; check the machine's package sources."
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null ||
    die "could not install $*; install them by hand and run this again."
}

# Debian's own interpreter first: every OS user can reach it, which tests with several users need.
find_python() {
  local p
  for p in /usr/bin/python3 python3 python3.13 python3.12 python3.11; do
    if command -v "$p" >/dev/null && "$p" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$p"
      return
    fi
  done
  return 1
}

ensure_python() {
  find_python >/dev/null && return
  can_apt || die "Python 3.11 or newer with venv is needed: apt-get install python3 python3-venv"
  apt_install python3 python3-venv
  find_python >/dev/null || die "this system's Python is older than 3.11; install a newer one."
}

ensure_node() {
  command -v node >/dev/null || { can_apt && apt_install nodejs; }
  command -v node >/dev/null || die "Node 20 or newer is needed to build the labextension: https://nodejs.org or your system's package nodejs."
  node -e 'process.exit(Number(process.versions.node.split(".")[0] < 20))' ||
    die "Node $(node --version) is too old to build the labextension; Node 20 or newer is needed."
}

ensure_chromium() {
  [ -n "${CHROMIUM:-}" ] && [ -x "$CHROMIUM" ] && return
  command -v chromium >/dev/null && return
  can_apt || die "the browser tests need Chromium: apt-get install chromium, or set CHROMIUM to its path."
  apt_install chromium fonts-dejavu-core
}

# The second level of isolation. Its tests say that they are skipped where it cannot be had.
ensure_bubblewrap() {
  command -v bwrap >/dev/null && return
  can_apt || { say "bubblewrap is not installed: the tests of that level of isolation are skipped."; return 0; }
  apt_install bubblewrap
}

# It looks at the units that `hubgrade admin` writes; nothing is started by it.
ensure_systemd() {
  command -v systemd-analyze >/dev/null && return
  can_apt || { say "systemd is not installed: the tests of the units for a hub are skipped."; return 0; }
  apt_install systemd
}

# JupyterHub's proxy, for the tests on a real hub: in .proxy, again only when its lock file changed.
ensure_proxy() {
  ensure_node
  cmp -s tests/realhub/proxy/package-lock.json .proxy/package-lock.json && [ -x .proxy/node_modules/.bin/configurable-http-proxy ] && return
  command -v npm >/dev/null || { can_apt && apt_install npm; }
  command -v npm >/dev/null || die "npm is needed for the tests on a real hub: https://nodejs.org or your system's package npm."
  say "Installing JupyterHub's proxy into .proxy"
  mkdir -p .proxy
  cp tests/realhub/proxy/package.json tests/realhub/proxy/package-lock.json .proxy/
  (cd .proxy && npm ci --silent --no-audit --no-fund --cache .npm) || die "the installation failed; the lines above say why."
}

# For the tests of a gradebook on a server, which start a cluster of their own.
ensure_postgresql() {
  compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null || command -v initdb >/dev/null && return
  can_apt || { say "PostgreSQL is not installed: the tests of a gradebook on a server are skipped."; return 0; }
  apt_install postgresql
}

# JupyterHub 5 with the project as people install it, for the long tests: in .venv-hub5, again only when
# its inputs changed.
ensure_hub5() {
  local stamp=.venv-hub5/.hubgrade-installed inputs
  ensure_python
  ensure_node
  inputs=$(installation_inputs; find hubgrade_ext -name '*.py' -print0 | sort -z | xargs -0 cat | sha256sum)
  [ "$inputs" = "$(cat "$stamp" 2>/dev/null)" ] && return
  [ -x .venv-hub5/bin/python ] || "$(find_python)" -m venv .venv-hub5
  say "Installing hubgrade with JupyterHub 5 into .venv-hub5"
  .venv-hub5/bin/python -m pip install --quiet --disable-pip-version-check ".[lab]" "jupyterhub>=5.3,<6" ||
    die "the installation failed; the lines above say why."
  echo "$inputs" >"$stamp"
}

# What many courses' notebooks import; one row of the measurements is about them.
ensure_science() {
  "$VENV/bin/python" -c 'import numpy, pandas, matplotlib' 2>/dev/null && return
  say "Installing numpy, pandas and matplotlib"
  "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check numpy pandas matplotlib ||
    die "the installation failed; the lines above say why."
}

# What an editable installation depends on, as one word.
installation_inputs() {
  { cat pyproject.toml js/package.json js/yarn.lock
    find js/src js/style js/schema -type f -not -path '*/__tests__/*' -print0 | sort -z | xargs -0 cat; } | sha256sum | cut -d' ' -f1
}

# ensure_venv EXTRA: install the project with that extra; again only when its inputs changed.
ensure_venv() {
  local extra=$1 stamp inputs
  ensure_python
  ensure_node
  inputs=$(installation_inputs)
  stamp="$VENV/.hubgrade-installed"
  # "dev" holds all that "lab" does
  if [ -x "$VENV/bin/hubgrade" ] && [ -e hubgrade_ext/labextension/package.json ] &&
     grep -qsxE "($extra|dev) $inputs" "$stamp"; then
    return
  fi
  [ -x "$VENV/bin/python" ] || { say "Making a virtual environment in .venv"; "$(find_python)" -m venv "$VENV"; }
  say "Installing hubgrade with its dependencies and building the labextension (two to four minutes the first time)"
  PATH="$VENV/bin:$PATH" "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check -e ".[$extra]" ||
    die "the installation failed; the lines above say why."
  echo "$extra $inputs" >"$stamp"
}
