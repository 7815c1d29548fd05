import type { FuzzTarget } from "./target.ts";
import { fileTargets } from "./targets/files.ts";
import { grpcTargets } from "./targets/grpc.ts";
import { http1Targets } from "./targets/http1.ts";
import { http2Targets } from "./targets/http2.ts";
import { jsonTargets } from "./targets/json.ts";
import { restTargets } from "./targets/rest.ts";

export const targets: readonly FuzzTarget[] = [
  ...jsonTargets,
  ...grpcTargets,
  ...http1Targets,
  ...http2Targets,
  ...fileTargets,
  ...restTargets,
];
