import type { HostFamily } from "../host-op.ts";
import { checkpoints } from "./checkpoints.ts";
import { matchingFiles } from "./matching-files.ts";
import { shardNames } from "./sharding.ts";
import { wholeFiles } from "./whole-files.ts";

/** Ops on files and their names. They run on the thread that answers the request, which waits for the disk. */
export const files: HostFamily = { ...wholeFiles, ...matchingFiles, ...shardNames, ...checkpoints };
