#!/bin/sh
# All tests. Those that need TensorFlow's library are passed over where it can't be installed, and say so.
set -eu
cd "$(dirname -- "$0")/.."
node src/main.ts engine install tensorflow ||
  echo "Without TensorFlow's library the tests of its engine are passed over." >&2
node --test --test-concurrency=2 "src/**/*.test.ts" "conformance/**/*.test.ts" "fuzz/**/*.test.ts"
# These measure how long others wait, and what memory is taken, while a server has a hard time: one at a time, and once more where
# the machine was busy with something else. `npm run attacks` has those on endless loops too, which take all cores.
hard() {
  node --test --test-concurrency=1 attacks/messages.test.ts attacks/web-pages.test.ts attacks/http1.test.ts \
    attacks/http2.test.ts "soak/**/*.test.ts" "bench/**/*.test.ts"
}
hard || {
  echo "Some waited too long, which a busy machine makes them: once more." >&2
  hard
}
