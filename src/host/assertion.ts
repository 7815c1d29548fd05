import { invalidArgument } from "../status/status.ts";
import type { HostFamily } from "./host-op.ts";
import { summarizeValue } from "./strings/numbers/summary.ts";

/** Refuses the request if its condition doesn't hold, in TensorFlow's words. */
export const assertion: HostFamily = {
  Assert: {
    shapes: () => [],
    compile: (attrs) => {
      const limit = attrs.int("summarize");
      return ([condition, ...data]) => {
        if (condition!.data[0]) return [];
        const values = data.map((tensor) => ` [${summarizeValue(tensor, limit)}]`).join("");
        throw invalidArgument(`assertion failed:${Buffer.from(values, "latin1").toString()}`);
      };
    },
  },
};
