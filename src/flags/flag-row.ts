import { LONGEST_TIMER } from "../longest-timer.ts";

/** What a flag's text is read as. `int` is a whole number within 53 bits, `float` any finite number. */
export type FlagType = "string" | "int" | "float" | "bool";

export interface FlagRow {
  readonly name: string;
  readonly type: FlagType;
  readonly defaultValue: string | number | boolean;
  readonly group: FlagGroup;
  /** The only values there are; any, if there is none. */
  readonly choices?: readonly string[];
  /** The smallest and the largest number that it takes; any, if there is none. */
  readonly least?: number;
  readonly most?: number;
  /** Of a flag that is taken, and then makes no difference: why. */
  readonly noEffect?: string;
  /** One sentence or two; --help adds the default. */
  readonly help: string;
}

/** The headings of --help, in its order. Those of the last two groups are not TensorFlow Serving's. */
export const FLAG_GROUPS = [
  "Models",
  "Listening",
  "Loading",
  "Batching",
  "General",
  "Accelerators",
  "Limits",
  "Beyond TensorFlow Serving",
] as const;
export type FlagGroup = (typeof FLAG_GROUPS)[number];

/** For flags whose seconds a timer waits. */
export const MOST_TIMER_SECONDS = Math.floor(LONGEST_TIMER / 1000);
