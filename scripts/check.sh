#!/bin/sh
# What the code must satisfy besides its tests: types, lint and format, import rules, generated files, what tables say that tests show.
set -eu
cd "$(dirname -- "$0")/.."
tsc -p .
biome check --error-on-warnings .
node scripts/check-imports.ts
node scripts/check-shown-by.ts
node scripts/op-reference.ts --check
node scripts/flag-reference.ts --check
node scripts/op-modules.ts --check
scripts/generate-protos.sh --check
