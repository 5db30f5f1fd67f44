#!/usr/bin/env bash
# Make .venv hold everything that the workspace needs, and nothing else. Idempotent; a second run that has
# nothing to do takes a fraction of a second, because the stamp tells what the last run installed.
set -euo pipefail
cd "$(dirname "$0")/.."
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore

fits() { "$1" -c 'import sys; raise SystemExit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
  local candidate
  for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python3.14 python; do
    if command -v "$candidate" >/dev/null 2>&1 && fits "$candidate"; then
      echo "$candidate"
      return
    fi
  done
  echo "setup: no Python 3.11 or newer is on the PATH." >&2
  echo "setup: install one (Debian and Ubuntu: apt install python3 python3-venv) or say make PYTHON=/path/to/python" >&2
  exit 1
}

stamp_of() { # what the installation depends on
  { cat requirements/*.txt packages/*/pyproject.toml scripts/setup.sh; pwd; "$1" -VV; } \
    | "$1" -c 'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())'
}

if [ -x .venv/bin/python ] && fits .venv/bin/python; then
  if [ "$(cat .venv/samstad-stamp 2>/dev/null)" = "$(stamp_of .venv/bin/python)" ]; then
    exec scripts/web.sh
  fi
else
  python=$(find_python)
  rm -rf .venv
  if ! "$python" -m venv .venv 2>.venv-error.log; then
    cat .venv-error.log >&2
    echo "setup: $python cannot make a virtual environment (Debian and Ubuntu: apt install python3-venv)." >&2
    rm -rf .venv .venv-error.log
    exit 1
  fi
  rm -f .venv-error.log
fi

rm -f .venv/samstad-stamp
echo "setup: installing (the first time takes a minute or two)"
.venv/bin/python -m pip install --quiet --require-hashes --requirement requirements/uv.txt
export VIRTUAL_ENV="$PWD/.venv"
uv=.venv/bin/uv
$uv pip sync --quiet --require-hashes requirements/all.txt
members=()
for member in packages/*/; do members+=(--editable "$member"); done
$uv pip install --quiet --no-deps --no-build-isolation "${members[@]}"
stamp_of .venv/bin/python >.venv/samstad-stamp
scripts/web.sh
echo "setup: ready; the command is .venv/bin/samstad"
