import type { Signature, SignatureTensor } from "../lifecycle/servable.ts";
import { dtypeInfo } from "../tensor/dtype.ts";

/** A SignatureDef in protobuf's text format, as TensorFlow Serving puts it into error messages. */
export function signatureText({ inputs, outputs, methodName }: Signature): string {
  const entries = [
    ...[...inputs].map(([key, tensor]) => entryText("inputs", key, tensor)),
    ...[...outputs].map(([key, tensor]) => entryText("outputs", key, tensor)),
  ];
  const method = methodName === "" ? "" : `method_name: ${JSON.stringify(methodName)}\n`;
  return entries.join("") + method;
}

function entryText(field: string, key: string, { tensorName, dtype, shape }: SignatureTensor): string {
  const dims =
    shape === undefined
      ? "      unknown_rank: true\n"
      : shape.map((dim) => `      dim {\n        size: ${dim}\n      }\n`).join("");
  return (
    `${field} {\n  key: ${JSON.stringify(key)}\n  value {\n    name: ${JSON.stringify(tensorName)}\n` +
    `    dtype: ${dtypeInfo(dtype).protoName}\n    tensor_shape {\n${dims}    }\n  }\n}\n`
  );
}
