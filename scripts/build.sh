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
# What tells imports that another build has kept (src/loaders/import-cache/cache-key.ts).
find dist -name '*.js' -o -name '*.json' -o -name '*.wasm' | LC_ALL=C sort | xargs cat | node -e '
  const hash = require("node:crypto").createHash("sha256");
  process.stdin.on("data", (piece) => hash.update(piece)).on("end", () => console.log(hash.digest("hex")));
' >dist/build-id.txt
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
