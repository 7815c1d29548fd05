/**
 * Tries inputs that nobody would send on everything that takes bytes from outside.
 *
 *   npm run fuzz -- [--seconds=N] [--seed=N] [NAME...]
 *
 * N seconds for each target (default 60) whose name begins with one of the NAMEs (default: all). An input that fails is
 * made small and written to fuzz/failures.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { fuzz } from "./fuzz.ts";
import { targets } from "./targets.ts";

const { values, positionals } = parseArgs({
  options: { seconds: { type: "string", default: "60" }, seed: { type: "string" } },
  allowPositionals: true,
});
const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
const chosen = targets.filter(
  ({ name }) => positionals.length === 0 || positionals.some((start) => name.startsWith(start)),
);
console.log(`seed ${seed}`);
let total = 0;
for (const target of chosen) {
  const { inputs, failure } = await fuzz(target, Number(values.seconds) * 1000, seed);
  total += inputs;
  console.log(`${target.name}: ${inputs} inputs${failure === undefined ? "" : ", FAILED"}`);
  if (failure === undefined) continue;
  const path = `fuzz/failures/${target.name.replaceAll(/\W+/g, "-")}-${failure.seed}.bin`;
  mkdirSync("fuzz/failures", { recursive: true });
  writeFileSync(path, failure.input);
  console.log(`  ${path}: ${JSON.stringify(Buffer.from(failure.input).toString("latin1").slice(0, 300))}`);
  console.log(failure.error instanceof Error ? failure.error.stack : failure.error);
  process.exitCode = 1;
}
console.log(`${total} inputs`);
