#!/bin/sh
# Builds what the npm package holds: dist/ (JavaScript, types and tables) and native/ (ONNX Runtime's libraries, since
# the package they come from has an install script that fetches files from outside the npm registry).
set -eu
cd "$(dirname -- "$0")/.."
rm -rf dist native
tsc -p tsconfig.build.json
scripts/build-wasm.sh
(cd src && find . \( -name '*.generated.json' -o -name '*.wasm' \) -print) | while read -r file; do
  cp "src/$file" "dist/$file"
done
from=node_modules/onnxruntime-node
for platform in linux-x64 linux-arm64 darwin-arm64; do
  to=native/onnxruntime/$platform
  mkdir -p "$to"
  case $platform in
    darwin-*) file=libonnxruntime.1.dylib ;;
    *) file=libonnxruntime.so.1 ;;
  esac
  cp "$from/bin/napi-v6/$(echo "$platform" | tr - /)/$file" "$to/$file"
done
cp scripts/onnxruntime-license.txt native/onnxruntime/LICENSE
