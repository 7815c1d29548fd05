import type { HostFamily } from "../host-op.ts";
import { counted } from "./counted.ts";
import { scattered } from "./scattered.ts";

/** What ops that update a variable compute from its value. */
export const updates: HostFamily = { Scattered: scattered, Counted: counted };
