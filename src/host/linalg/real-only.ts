import { unimplemented } from "../../status/status.ts";
import type { HostFamily, HostOp } from "../host-op.ts";

/** The same ops, but a use with complex numbers, for which there is no kernel, is refused when the model is loaded. */
export function realOnly(family: HostFamily): HostFamily {
  const refusing = ([name, op]: [string, HostOp]): [string, HostOp] => {
    const shapes: HostOp["shapes"] = (attrs, inputs) => {
      const dtype = attrs.dtype("T");
      if (dtype.startsWith("complex")) throw unimplemented(`Op ${name} has no kernel for ${dtype}`);
      return op.shapes(attrs, inputs);
    };
    return [name, { ...op, shapes }];
  };
  return Object.fromEntries(Object.entries(family).map(refusing));
}
