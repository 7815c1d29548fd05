import { modelsNotReady } from "../../inference/readiness.ts";
import { type ServableLookup, stateName } from "../../lifecycle/servable.ts";
import { formatStatus } from "../../status/status.ts";
import type { HttpResponse } from "../unary.ts";
import { jsonReply } from "./replies.ts";

/** `GET /healthz`: a thread that answers is alive. */
export function answerHealth(): HttpResponse {
  return reply(200, { status: "ok" });
}

/**
 * `GET /readyz`: 200 if every configured model has a version that is available, and the server isn't about to end; else
 * 503 and what is missing.
 */
export function answerReadiness(lookup: ServableLookup, isDraining: boolean): HttpResponse {
  const models = modelsNotReady(lookup);
  if (models.length === 0 && !isDraining) return reply(200, { status: "ready" });
  return reply(503, {
    status: isDraining ? "draining" : "not ready",
    models_not_ready: models.map(({ name, versions }) => ({
      name,
      versions: versions.map(({ version, state, status }) => ({
        version: String(version),
        state: stateName(state),
        status: formatStatus(status),
      })),
    })),
  });
}

function reply(status: number, body: object): HttpResponse {
  return { ...jsonReply(`${JSON.stringify(body, null, 1)}\n`), status };
}
