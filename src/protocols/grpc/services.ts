import type { Health } from "../../inference/health.ts";
import type { StreamCall, StreamMethod, StreamMethods, StreamReceiver } from "../streaming.ts";
import type { UnaryMethod, UnaryMethods } from "../unary.ts";

/** The full names of the services that methods belong to. */
export function servicesOf(paths: Iterable<string>): ReadonlySet<string> {
  return new Set([...paths].map((path) => path.slice(1, path.lastIndexOf("/"))));
}

const HEALTH = "/grpc.health.v1.Health";

/** The unary methods of grpc.health.v1.Health. */
export function healthMethods(health: Health): UnaryMethods {
  return new Map<string, UnaryMethod>([
    [
      `${HEALTH}/Check`,
      async (message) => (await import("./health-service.ts")).checkHealth(health, message),
    ],
    [`${HEALTH}/List`, async () => (await import("./health-service.ts")).listHealth(health)],
  ]);
}

/** Its other one. */
export function healthStreams(health: Health): StreamMethods {
  return new Map([
    [
      `${HEALTH}/Watch`,
      later(async (call) => (await import("./health-service.ts")).watchHealth(health, call)),
    ],
  ]);
}

const REFLECTION = ["v1", "v1alpha"].map(
  (version) => `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
);

/** grpc.reflection. @param paths those of all other methods that are served. */
export function reflectionStreams(paths: Iterable<string>): StreamMethods {
  const services = servicesOf([...paths, ...REFLECTION]);
  const method = later(async (call) => {
    const { Reflection } = await import("./reflection-service.ts");
    return new Reflection(services).serve(call);
  });
  return new Map(REFLECTION.map((path) => [path, method]));
}

/** A method whose module is loaded when it is called for. */
function later(load: (call: StreamCall) => Promise<StreamReceiver>): StreamMethod {
  return (call) => {
    const receiver = load(call);
    // Why it can't be loaded is said to the first message.
    const nobody = () => {};
    return {
      message: async (bytes) => (await receiver).message(bytes),
      end: () => void receiver.then((loaded) => loaded.end(), nobody),
      cancel: () => void receiver.then((loaded) => loaded.cancel(), nobody),
    };
  };
}
