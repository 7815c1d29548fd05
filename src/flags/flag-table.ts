import type { FlagRow } from "./flag-row.ts";
import { limitFlags } from "./limit-flags.ts";
import { ownFlags } from "./own-flags.ts";
import { servingFlags } from "./serving-flags.ts";

/** Every flag of the server. Adding one is a row in one of the three and its use; the types follow. */
export const flagTable = [...servingFlags, ...limitFlags, ...ownFlags] as const;

type Row = (typeof flagTable)[number];
type ValueOf<R extends FlagRow> = R["type"] extends "int" | "float"
  ? number
  : R["type"] extends "bool"
    ? boolean
    : string;

/** A complete set of flags. */
export type Flags = { readonly [R in Row as R["name"]]: ValueOf<R> };
