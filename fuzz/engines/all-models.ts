import { performance } from "node:perf_hooks";
import type { OnnxEngine } from "../../src/engines/engine.ts";
import { fuzzEngines, type ModelResult } from "./engines.ts";
import type { FuzzedModel } from "./models.ts";

/** Tries models for a time, of which each gets an equal share of what is left. */
export async function fuzzAll(
  models: readonly FuzzedModel[],
  options: {
    readonly engine: OnnxEngine;
    readonly library: string;
    readonly milliseconds: number;
    readonly seed: number;
  },
  onResult: (result: ModelResult) => void,
): Promise<void> {
  const end = performance.now() + options.milliseconds;
  for (const [i, model] of models.entries()) {
    const milliseconds = Math.max(0, end - performance.now()) / (models.length - i);
    onResult(await fuzzEngines(model, { ...options, milliseconds }));
  }
}

/** A line for a model, and one for each difference. */
export function describeResult({
  model,
  inputs,
  compared,
  refused,
  differences,
  skipped,
}: ModelResult): string {
  if (skipped !== undefined) return `engines: ${model}: passed over: ${skipped}`;
  const lines = differences.map(({ signature, output, seed, problem, known }) => {
    const verdict = known === undefined ? "DIFFERS" : `known (${known.reason})`;
    return `  ${verdict}: signature ${signature}, ${output ?? "request"}, --seed=${seed}: ${problem}`;
  });
  const counts = `${inputs} inputs, ${compared} outputs compared, ${refused} refused by both`;
  return [`engines: ${model}: ${counts}`, ...lines].join("\n");
}
