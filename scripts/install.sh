#!/bin/sh
# Installs the repository's dependencies if they are missing or older than the lock file, and builds what they build.
set -eu
cd "$(dirname -- "$0")/.."
# npm writes this file when an installation is complete.
installed=node_modules/.package-lock.json
if [ ! -f "$installed" ] || [ package-lock.json -nt "$installed" ]; then
  echo "Installing what servable needs (once) ..." >&2
  npm ci --no-audit --no-fund --loglevel=error >&2
  touch "$installed"
fi
scripts/build-wasm.sh
