import { hostname } from "node:os";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  MonitorRequestSchema,
  MonitorResponseSchema,
  ProfileRequestSchema,
  ProfileResponseSchema,
  TerminateRequestSchema,
  TerminateResponseSchema,
} from "../../proto/gen/tsl/profiler/protobuf/profiler_service_pb.ts";
import { XSpaceSchema } from "../../proto/gen/tsl/profiler/protobuf/xplane_pb.ts";
import { frameMessage } from "./framing.ts";
import { parsed } from "./model-methods.ts";
import type { ProfilerControl } from "./profiler-control.ts";

// The profiler's messages. The server imports this module when the first such call comes.

/** The name under which TensorFlow's clients take an XSpace among the data of tools. */
const XPLANE_TOOL = "xplane.pb";

/**
 * ProfileRequest to a framed ProfileResponse. The profile is always part of the answer: a server that wrote it to the
 * `repository_root` of a request would let clients choose what files it writes.
 */
export async function answerProfile(control: ProfilerControl, message: Uint8Array): Promise<Uint8Array> {
  const request = parsed(ProfileRequestSchema, message);
  const { xspace, isEmpty } = await control.profile({
    milliseconds: Number(request.durationMs),
    session: request.sessionId,
    host: request.hostName || hostname(),
    mostEvents: Number(request.maxEvents),
  });
  const response = create(
    ProfileResponseSchema,
    request.emitXspace
      ? { xspace: fromBinary(XSpaceSchema, xspace), emptyTrace: isEmpty }
      : { toolData: [{ name: XPLANE_TOOL, data: xspace }], emptyTrace: isEmpty },
  );
  return frameMessage(toBinary(ProfileResponseSchema, response));
}

/** TerminateRequest to a framed TerminateResponse. */
export async function answerTerminate(control: ProfilerControl, message: Uint8Array): Promise<Uint8Array> {
  const { sessionId } = parsed(TerminateRequestSchema, message);
  await control.terminate(sessionId);
  return frameMessage(toBinary(TerminateResponseSchema, create(TerminateResponseSchema)));
}

/** MonitorRequest to a framed MonitorResponse. */
export async function answerMonitor(control: ProfilerControl, message: Uint8Array): Promise<Uint8Array> {
  const request = parsed(MonitorRequestSchema, message);
  const data = await control.monitor({
    milliseconds: Number(request.durationMs),
    level: request.monitoringLevel,
    timestamp: request.timestamp,
  });
  return frameMessage(toBinary(MonitorResponseSchema, create(MonitorResponseSchema, { data })));
}
