/**
 * Runs the server for a while as production would not like it: good, bad, cancelled and half-sent requests at the same time,
 * while versions are swapped, a model comes and goes, and request workers are killed.
 *
 *   npm run soak -- [--seconds=300] [--workers=2] [--kill_seconds=20] [-- SERVER FLAGS]
 *
 * Prints figures, and exits with 1 if a good request failed, memory grew, or something was left open.
 */
import { parseArgs } from "node:util";
import { soak } from "./soak.ts";
import { faults, memoryGrowth } from "./verdict.ts";

const { values, positionals } = parseArgs({
  options: {
    seconds: { type: "string", default: "300" },
    workers: { type: "string", default: "2" },
    kill_seconds: { type: "string", default: "20" },
  },
  allowPositionals: true,
});
const report = (line: string) => console.log(line);
const figures = await soak({
  seconds: Number(values.seconds),
  workers: Number(values.workers),
  killSeconds: Number(values.kill_seconds),
  serverFlags: positionals,
  report,
});
const { counts, before, after } = figures;
const { early, late } = memoryGrowth(figures.during);
const mebibytes = (bytes: number) => Math.round(bytes / 2 ** 20);
report(`good requests answered   ${counts.good - counts.failed}`);
report(`bad requests refused     ${counts.bad}`);
report(`cancelled and half sent  ${counts.abandoned}`);
report(`failed                   ${counts.failed}`);
report(`versions swapped         ${figures.swaps}, a model came or went ${figures.visits} times`);
report(
  `workers killed           ${figures.kills}; ${counts.resent} requests on their connections were sent again`,
);
report(`memory                   ${mebibytes(early)} MiB early, ${mebibytes(late)} MiB late`);
report(`descriptors              ${before.descriptors} before, ${after.descriptors} after`);
report(`threads                  ${before.threads} before, ${after.threads} after`);
for (const failure of counts.failures) report(`  ${failure}`);
for (const fault of faults(figures)) {
  report(`FAULT: ${fault}`);
  process.exitCode = 1;
}
