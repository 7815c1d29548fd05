import { Code, StatusError } from "../../status/status.ts";
import type { Pointer, TensorFlowApi } from "./api.ts";

/**
 * Calls something that reports by a TF_Status, whose codes are ours.
 * @throws StatusError with TensorFlow's code and message unless the call succeeded.
 */
export function checked<T>(api: TensorFlowApi, call: (status: Pointer) => T): T {
  const status = api.TF_NewStatus();
  try {
    const result = call(status);
    check(api, status);
    return result;
  } finally {
    api.TF_DeleteStatus(status);
  }
}

/** @throws StatusError unless the status is OK. The status stays the caller's. */
export function check(api: TensorFlowApi, status: Pointer): void {
  const code = api.TF_GetCode(status);
  if (code === Code.OK) return;
  throw new StatusError(isCode(code) ? code : Code.UNKNOWN, api.TF_Message(status));
}

function isCode(code: number): code is Code {
  return code >= Code.OK && code <= Code.UNAUTHENTICATED;
}
