import { ModelState, type ServableLookup, type VersionStatus } from "../lifecycle/servable.ts";

/** grpc.health.v1.HealthCheckResponse.ServingStatus. */
export const ServingStatus = { SERVING: 1, NOT_SERVING: 2 } as const;
export type ServingStatus = (typeof ServingStatus)[keyof typeof ServingStatus];

/**
 * The names under which TensorFlow Serving's server.cc reports itself; the services' full names mean the same, as does
 * no name.
 */
const OWN_NAMES = ["", "ModelService", "PredictionService"];

/** Whether the server, a model or a version can take requests, by the name that health checks use. */
export class Health {
  readonly #lookup: ServableLookup;
  readonly #own: ReadonlySet<string>;
  readonly #listeners = new Set<() => void>();
  #draining = false;

  /** @param services the full names of the services that are served. */
  constructor(lookup: ServableLookup, services: Iterable<string>) {
    this.#lookup = lookup;
    this.#own = new Set([...OWN_NAMES, ...services]);
  }

  get isDraining(): boolean {
    return this.#draining;
  }

  /**
   * @param service empty or the name of a service for the server; `MODEL` or `MODEL/VERSION`.
   * @returns undefined for what is not known.
   */
  check(service: string): ServingStatus | undefined {
    const status = this.#own.has(service) ? ServingStatus.SERVING : this.#model(service);
    return status !== undefined && this.#draining ? ServingStatus.NOT_SERVING : status;
  }

  /** Every name that is known, but for the versions. */
  list(): ReadonlyMap<string, ServingStatus> {
    const names = new Set([...this.#own, ...this.#lookup.names()]);
    return new Map([...names].map((name) => [name, this.check(name)!]));
  }

  /** From now on nothing serves. */
  drain(): void {
    this.#draining = true;
    this.changed();
  }

  /** Something may have changed. */
  changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  /** @returns what ends the subscription. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #model(service: string): ServingStatus | undefined {
    const whole = this.#lookup.status(service);
    if (whole !== undefined) return statusOf(whole);
    for (const name of this.#lookup.names()) if (name === service) return ServingStatus.NOT_SERVING;
    const slash = service.lastIndexOf("/");
    const number = service.slice(slash + 1);
    if (slash < 0 || !/^\d{1,19}$/.test(number)) return undefined;
    const version = this.#lookup
      .status(service.slice(0, slash))
      ?.find((one) => one.version === BigInt(number));
    return version === undefined ? undefined : statusOf([version]);
  }
}

function statusOf(versions: readonly VersionStatus[]): ServingStatus {
  const available = versions.some(({ state }) => state === ModelState.AVAILABLE);
  return available ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
}
