#!/usr/bin/env bash
# A foreign NGSI-LD client (requirements/interop.in) in .venv-interop: what it pins does not fit beside our
# own dependencies, and a client that shares nothing with us is the better witness anyway.
set -euo pipefail
cd "$(dirname "$0")/.."
stamp=$(cat requirements/interop.txt .venv/samstad-stamp | cksum)
[ "$(cat .venv-interop/stamp 2>/dev/null)" = "$stamp" ] && exit 0
rm -rf .venv-interop
.venv/bin/uv venv --quiet --python .venv/bin/python .venv-interop
.venv/bin/uv pip sync --quiet --python .venv-interop/bin/python --require-hashes requirements/interop.txt
echo "$stamp" >.venv-interop/stamp
