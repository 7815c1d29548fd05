#!/bin/sh
# All tests. Those that need TensorFlow's library are passed over where it can't be installed, and say so.
set -eu
cd "$(dirname -- "$0")/.."
node src/main.ts engine install tensorflow ||
  echo "Without TensorFlow's library the tests of its engine are passed over." >&2
node --test --test-concurrency=2 "src/**/*.test.ts" "conformance/**/*.test.ts" "fuzz/**/*.test.ts"
# These measure how long others wait, and what memory is taken, while a server has a hard time: one file at a time.
exec node --test --test-concurrency=1 "attacks/**/*.test.ts" "soak/**/*.test.ts" "bench/**/*.test.ts"
