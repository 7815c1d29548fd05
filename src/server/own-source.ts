import { AvailabilityWait } from "../lifecycle/availability.ts";
import type { AspiredVersions, Source } from "../lifecycle/source.ts";
import type { StateBus } from "../lifecycle/state-bus.ts";
import type { ConfiguredPool } from "./server-core.ts";

export interface OwnSourceOptions {
  readonly source: Source;
  /** The models that the start waits for. */
  readonly models: readonly string[];
  readonly bus: StateBus;
  readonly pool: ConfiguredPool;
}

/**
 * Serves what a source says in the place of a configuration: the models are those that it speaks of.
 * @param emit takes what the source says.
 * @returns resolves when the models that the start waits for are served.
 * @throws StatusError (rejects) UNKNOWN if one failed to load for good.
 */
export async function startOwnSource(
  { source, models, bus, pool }: OwnSourceOptions,
  emit: (aspired: AspiredVersions) => void,
): Promise<void> {
  const wait = new AvailabilityWait(bus, models, { noun: "servable" });
  const names = new Set(models);
  await pool.setModels([...names], new Map(), new Map());
  source.start((aspired) => {
    if (!names.has(aspired.name)) {
      names.add(aspired.name);
      void pool.setModels([...names], new Map(), new Map());
    }
    emit(aspired);
  });
  await wait.done;
}
