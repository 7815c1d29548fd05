#!/bin/sh
# Compiles what is written in AssemblyScript, if it has changed: X/assembly/NAME.ts becomes X/NAME.wasm.
set -eu
cd "$(dirname -- "$0")/.."
PATH=$PWD/node_modules/.bin:$PATH
export PATH
for source in src/protocols/rest/json/assembly/numbers.ts; do
  folder=$(dirname -- "$(dirname -- "$source")")
  target=$folder/$(basename -- "$source" .ts).wasm
  [ -f "$target" ] && [ ! "$source" -nt "$target" ] && continue
  # -O3 undoes what makes it fast: see the source.
  asc "$source" -O2 --runtime stub --noAssert --enable simd --outFile "$target.$$"
  mv "$target.$$" "$target"
done
