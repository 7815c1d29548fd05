import type { UnaryMethod, UnaryMethods } from "../unary.ts";
import type { ProfilerControl } from "./profiler-control.ts";

const SERVICE = "/tensorflow.ProfilerService";

/** The methods of tensorflow.ProfilerService. */
export function profilerService(control: ProfilerControl): UnaryMethods {
  const methods = () => import("./profiler-methods.ts");
  return new Map<string, UnaryMethod>([
    [`${SERVICE}/Profile`, async (message) => (await methods()).answerProfile(control, message)],
    [`${SERVICE}/Terminate`, async (message) => (await methods()).answerTerminate(control, message)],
    [`${SERVICE}/Monitor`, async (message) => (await methods()).answerMonitor(control, message)],
  ]);
}
