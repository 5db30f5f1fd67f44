#!/usr/bin/env bash
# Build the web parts of the packages that have one, where Node.js is there and something has changed. Without
# Node.js, or without its registry, everything else works: the pages then say that they are not built.
set -euo pipefail
cd "$(dirname "$0")/.."

stamp_of() { # what a build depends on
  (cd "$1" && find . -type f -not -path './node_modules/*' | LC_ALL=C sort | xargs cat | cksum; node --version)
}

build() {
  local web=$1 name log=.venv/web.log
  name=$(basename "$(dirname "$web")")
  local stamp=".venv/samstad-web-$name" static="packages/$name/src/samstad_$name/static"
  if [ -f "$static/index.html" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$(stamp_of "$web")" ]; then
    return
  fi
  echo "setup: building the pages of $name"
  if ! (cd "$web" && npm ci --no-audit --no-fund --loglevel=error && npm run --silent build) >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "setup: the pages of $name could not be built; everything else works without" >&2
    return
  fi
  stamp_of "$web" >"$stamp"
}

if ! command -v npm >/dev/null 2>&1 || ! node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)'; then
  [ -n "${SAMSTAD_NO_NODE_TOLD:-}" ] || echo "setup: Node.js 20 or newer with npm is not there; the console's pages are not built"
  exit 0
fi
for package in packages/*/web/package.json; do
  [ -f "$package" ] && build "$(dirname "$package")"
done
exit 0
