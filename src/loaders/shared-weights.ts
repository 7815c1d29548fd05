import type { EngineModel, Weight } from "../engines/engine.ts";

/**
 * The weights of a version's models that are worth sharing: those that are used where they lie, as the engine then makes no
 * copy at all, and those that several models use without copies of their own.
 */
export function weightsToShare(models: readonly EngineModel[]): readonly Weight[] {
  const shareable = models.flatMap(({ weights }) => weights.filter(({ use }) => use !== "own"));
  const byKey = Map.groupBy(shareable, ({ key }) => key);
  return [...byKey.values()]
    .filter((same) => same.length > 1 || same.some(({ use }) => use === "in place"))
    .map(([first]) => first!);
}
