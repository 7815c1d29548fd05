#!/bin/sh
# Builds and packs the npm package, installs it into an empty folder, serves the bundled example from there, and runs an
# example that imports it.
set -eu
cd "$(dirname -- "$0")/.."
scripts/build.sh
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
tarball=$(npm pack --silent --pack-destination "$work" | tail -n 1)
echo "packed $(du -h "$work/$tarball" | cut -f1) $tarball"
cd "$work"
echo '{"private":true}' > package.json
npm install --no-audit --no-fund --loglevel=error "./$tarball"
node_modules/.bin/servable version
node_modules/.bin/tensorflow_model_server --version
node_modules/.bin/servable serve --example --port=0 --rest_api_port=18501 --bind_address=127.0.0.1 > out.txt 2> err.txt &
server=$!
for _ in $(seq 100); do
  grep -q 'curl' out.txt && break
  kill -0 "$server" || { cat err.txt; exit 1; }
  sleep 0.1
done
answer=$(sh -c "$(grep -o "curl .*" out.txt) --silent --fail")
echo "$answer"
echo "$answer" | grep -q '"class": 1'
kill "$server"
wait "$server"
server=
cp -r node_modules/servable/examples/extensions extensions
node extensions/function.ts 18502 > extension.txt 2>&1 &
server=$!
for _ in $(seq 100); do
  grep -q 'ready' extension.txt && break
  kill -0 "$server" || { cat extension.txt; exit 1; }
  sleep 0.1
done
curl --silent --fail -d '{"instances": [1, 2.5]}' http://localhost:18502/v1/models/increment:predict | grep -q '2.0, 3.5'
kill "$server"
wait "$server"
server=
echo "the package works"
