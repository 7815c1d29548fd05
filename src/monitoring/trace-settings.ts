/** How requests are traced; plain data. What is not here, such as the endpoint, OpenTelemetry's exporter reads itself. */
export interface TraceSettings {
  readonly sampler: TraceSampler;
  /** Of the batches in which spans are exported; OpenTelemetry's default where undefined. */
  readonly batch: {
    readonly scheduledDelayMillis: number | undefined;
    readonly exportTimeoutMillis: number | undefined;
    readonly maxQueueSize: number | undefined;
    readonly maxExportBatchSize: number | undefined;
  };
}

export interface TraceSampler {
  /** Whether a client's decision counts. */
  readonly parentBased: boolean;
  /** The share of traces to take that begin here, 0 to 1. */
  readonly ratio: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/ */
const SAMPLERS: Readonly<
  Record<string, { readonly parentBased: boolean; readonly ratio: number | "argument" }>
> = {
  always_on: { parentBased: false, ratio: 1 },
  always_off: { parentBased: false, ratio: 0 },
  traceidratio: { parentBased: false, ratio: "argument" },
  parentbased_always_on: { parentBased: true, ratio: 1 },
  parentbased_always_off: { parentBased: true, ratio: 0 },
  parentbased_traceidratio: { parentBased: true, ratio: "argument" },
};
const DEFAULT_SAMPLER = "parentbased_always_on";

/**
 * What OpenTelemetry's standard variables ask for. Traces are exported where OTEL_TRACES_EXPORTER says `otlp`, or says
 * nothing while an OTLP endpoint is named.
 * @param warn told of values that can't be followed; as the specification wants it, they count as unset.
 * @returns undefined if nothing is to be traced.
 */
export function traceSettings(
  environment: Environment,
  warn: (problem: string) => void,
): TraceSettings | undefined {
  const read = (name: string) => environment[name]?.trim() || undefined;
  if (read("OTEL_SDK_DISABLED")?.toLowerCase() === "true") return undefined;
  const endpoint = read("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") ?? read("OTEL_EXPORTER_OTLP_ENDPOINT");
  const exporters = (read("OTEL_TRACES_EXPORTER") ?? (endpoint === undefined ? "none" : "otlp")).split(",");
  for (const name of exporters) {
    if (!["otlp", "none"].includes(name.trim()))
      warn(`OTEL_TRACES_EXPORTER: there is no exporter ${name}, only otlp`);
  }
  if (!exporters.some((name) => name.trim() === "otlp")) return undefined;
  const protocol = read("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") ?? read("OTEL_EXPORTER_OTLP_PROTOCOL");
  if (protocol !== undefined && protocol !== "http/protobuf") {
    warn(`OTEL_EXPORTER_OTLP_PROTOCOL: traces are sent as http/protobuf, not as ${protocol}`);
  }
  const count = (name: string) => {
    const text = read(name);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (Number.isInteger(value) && value > 0) return value;
    warn(`${name} takes a number above 0, not "${text}"`);
    return undefined;
  };
  return {
    sampler: sampler(read, warn),
    batch: {
      scheduledDelayMillis: count("OTEL_BSP_SCHEDULE_DELAY"),
      exportTimeoutMillis: count("OTEL_BSP_EXPORT_TIMEOUT"),
      maxQueueSize: count("OTEL_BSP_MAX_QUEUE_SIZE"),
      maxExportBatchSize: count("OTEL_BSP_MAX_EXPORT_BATCH_SIZE"),
    },
  };
}

function sampler(read: (name: string) => string | undefined, warn: (problem: string) => void): TraceSampler {
  const name = read("OTEL_TRACES_SAMPLER") ?? DEFAULT_SAMPLER;
  const row = Object.hasOwn(SAMPLERS, name) ? SAMPLERS[name] : undefined;
  if (row === undefined) {
    warn(`OTEL_TRACES_SAMPLER: there is no sampler ${name}; there are ${Object.keys(SAMPLERS).join(", ")}`);
    return { parentBased: true, ratio: 1 };
  }
  if (row.ratio !== "argument") return { parentBased: row.parentBased, ratio: row.ratio };
  const argument = read("OTEL_TRACES_SAMPLER_ARG") ?? "1";
  const ratio = Number(argument);
  if (ratio >= 0 && ratio <= 1) return { parentBased: row.parentBased, ratio };
  warn(`OTEL_TRACES_SAMPLER_ARG takes a number from 0 to 1, not "${argument}"`);
  return { parentBased: row.parentBased, ratio: 1 };
}
