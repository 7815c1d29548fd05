import type { FunctionDef } from "../../proto/gen/tensorflow/core/framework/function_pb.ts";

/**
 * Exporters write some functions in several forms, a general one and one for each kind of device, and call the general one:
 * the forms share the attribute `api_implements`, and `api_preferred_device` says what each is for. TensorFlow calls the one
 * for its device (implementation_selector.cc), which for random numbers gives others.
 * @returns what stands for a function on a CPU.
 */
export function implementationChooser(
  library: ReadonlyMap<string, FunctionDef>,
): (called: FunctionDef) => FunctionDef {
  const byInterface = Map.groupBy(
    [...library.values()].filter((body) => text(body, "api_preferred_device") === "CPU"),
    (body) => text(body, "api_implements"),
  );
  return (called) => {
    const implemented = text(called, "api_implements");
    if (implemented === undefined || text(called, "api_preferred_device") === "CPU") return called;
    return byInterface.get(implemented)?.find((other) => hasSameArguments(other, called)) ?? called;
  };
}

function text({ attr }: FunctionDef, name: string): string | undefined {
  const value = attr[name]?.value;
  return value?.case === "s" ? new TextDecoder().decode(value.value) : undefined;
}

function hasSameArguments({ signature: a }: FunctionDef, { signature: b }: FunctionDef): boolean {
  return a?.inputArg.length === b?.inputArg.length && a?.outputArg.length === b?.outputArg.length;
}
