import type { ModelConfig } from "../config/model-server-config.ts";
import { ModelState, type VersionLabels, type VersionStatus } from "../lifecycle/servable.ts";
import { failedPrecondition } from "../status/status.ts";

/**
 * The labels that a configuration gives. One may point to a version that is available; with `allowUnavailable` also to
 * any other, unless the label exists and would move. Rule and text: TensorFlow Serving's server_core.cc.
 * @param current the labels up to now.
 * @throws StatusError FAILED_PRECONDITION.
 */
export function versionLabelsOf(
  models: readonly ModelConfig[],
  current: VersionLabels,
  status: (name: string) => readonly VersionStatus[] | undefined,
  allowUnavailable: boolean,
): VersionLabels {
  for (const { name, versionLabels } of models) {
    for (const [label, version] of versionLabels) {
      const found = status(name)?.find((known) => known.version === version);
      if (found?.state === ModelState.AVAILABLE) continue;
      const before = current.get(name)?.get(label);
      if (allowUnavailable && (before === undefined || before === version)) continue;
      throw failedPrecondition(
        `Request to assign label to version ${version} of model ${name}, which is not currently available for inference`,
      );
    }
  }
  return new Map(models.map(({ name, versionLabels }) => [name, versionLabels]));
}
