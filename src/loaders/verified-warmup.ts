import type { EngineChoice } from "../engines/engine-choice.ts";
import type { Servable } from "../lifecycle/servable.ts";
import type { Logger } from "../status/log.ts";
import { ComparingServable } from "../verification/comparing-servable.ts";
import { Comparison, type IncomparableOutputs } from "../verification/comparison.ts";
import { describeDisagreements } from "../verification/report.ts";

/**
 * Warms up both forms of a version with the same requests, so that either may serve afterwards, as if it alone had been
 * asked.
 * @throws StatusError (rejects) what `warmUp` does, of what TensorFlow answers.
 */
export async function warmUpBoth(
  imported: Servable,
  tensorflow: Servable,
  incomparable: IncomparableOutputs,
  warmUp: (both: Servable) => Promise<void>,
): Promise<Comparison> {
  const comparison = new Comparison({ incomparable });
  await warmUp(new ComparingServable(imported, tensorflow, comparison));
  return comparison;
}

/** Which form serves, which the log is told. A choice of the importer alone is kept to. */
export function servesAfter(
  comparison: Comparison,
  { choice, by }: { readonly choice: EngineChoice; readonly by: string },
  log: Logger,
): "onnxruntime" | "tensorflow" {
  const problems = describeDisagreements(comparison);
  if (problems.length === 0) {
    log.info(`Compared with TensorFlow: it answers the same in ${comparison.runs} runs of warmup requests`);
    return "onnxruntime";
  }
  const serving = choice === "onnxruntime" ? "onnxruntime" : "tensorflow";
  const consequence =
    serving === "tensorflow"
      ? "Engine: tensorflow; it serves the version instead"
      : `The imported version serves all the same, as ${by}`;
  log.warning(
    `The imported version doesn't answer as TensorFlow does: ${problems.join("; ")}. ${consequence}`,
  );
  return serving;
}
