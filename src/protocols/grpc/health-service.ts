import { create, toBinary } from "@bufbuild/protobuf";
import type { Health } from "../../inference/health.ts";
import {
  HealthCheckRequestSchema,
  HealthCheckResponse_ServingStatus,
  HealthCheckResponseSchema,
  HealthListResponseSchema,
} from "../../proto/gen/grpc/health/v1/health_pb.ts";
import { notFound, resourceExhausted, unavailable } from "../../status/status.ts";
import type { StreamCall, StreamReceiver } from "../streaming.ts";
import { frameMessage } from "./framing.ts";
import { parsed } from "./model-methods.ts";

// grpc.health.v1.Health, by https://github.com/grpc/grpc/blob/master/doc/health-checking.md. The server imports this module
// where it is switched on.

/** As health.proto says of List. */
const MOST_LISTED = 100;

/** @throws StatusError NOT_FOUND for a service that isn't known. */
export function checkHealth(health: Health, message: Uint8Array): Uint8Array {
  const { service } = parsed(HealthCheckRequestSchema, message);
  const status = health.check(service);
  if (status === undefined) throw notFound(`Unknown service: "${service}"`);
  return responseFrame(status);
}

/** @throws StatusError RESOURCE_EXHAUSTED if there are too many. */
export function listHealth(health: Health): Uint8Array {
  const known = health.list();
  if (known.size > MOST_LISTED)
    throw resourceExhausted(`More than ${MOST_LISTED} services; ask for one with Check`);
  const statuses = Object.fromEntries(
    [...known].map(([name, status]) => [name, create(HealthCheckResponseSchema, { status })]),
  );
  return frameMessage(toBinary(HealthListResponseSchema, create(HealthListResponseSchema, { statuses })));
}

/** Says the status of the one service that the client asks for, and whenever it changes, until the server drains. */
export function watchHealth(health: Health, call: StreamCall): StreamReceiver {
  let unsubscribe = () => {};
  return {
    message(bytes) {
      const { service } = parsed(HealthCheckRequestSchema, bytes);
      let said: HealthCheckResponse_ServingStatus | undefined;
      const say = () => {
        const status = health.check(service) ?? HealthCheckResponse_ServingStatus.SERVICE_UNKNOWN;
        if (status !== said) call.send(responseFrame(status));
        said = status;
        if (!health.isDraining) return;
        unsubscribe();
        call.finish(unavailable("The server is shutting down"));
      };
      unsubscribe();
      unsubscribe = health.subscribe(say);
      say();
    },
    end() {},
    cancel: () => unsubscribe(),
  };
}

function responseFrame(status: HealthCheckResponse_ServingStatus): Uint8Array {
  return frameMessage(toBinary(HealthCheckResponseSchema, create(HealthCheckResponseSchema, { status })));
}
