"""Writes src/registry/op-registry.generated.json: what TensorFlow's op registry says of each op.

Usage: python scripts/make-op-registry.py   (needs pip's tensorflow)

Per op: "in" and "out" as [name, type] pairs, "attrs" as [type] or [type, default]. An argument's type is
`=float32` (fixed), `T` (the attribute holding it), `T*N` (N tensors of attribute T), `=string*N`, or `@Tin`
(one tensor per entry of the list attribute).
"""

import json
import pathlib

from tensorflow import raw_ops
from tensorflow.python.framework import dtypes, op_def_registry

TARGET = pathlib.Path(__file__).parent.parent / "src/registry/op-registry.generated.json"


def argument(arg):
    if arg.type_list_attr:
        return [arg.name, "@" + arg.type_list_attr]
    kind = arg.type_attr or "=" + dtypes.as_dtype(arg.type).base_dtype.name
    return [arg.name, f"{kind}*{arg.number_attr}" if arg.number_attr else kind]


def value(attr):
    kind = attr.WhichOneof("value")
    if kind == "s":
        return attr.s.decode("latin1")
    if kind in ("i", "f", "b"):
        number = getattr(attr, kind)
        return number if abs(number) < 2**53 else str(number)
    if kind == "type":
        return dtypes.as_dtype(attr.type).base_dtype.name if attr.type else None
    if kind == "shape":
        return None if attr.shape.unknown_rank else [dim.size for dim in attr.shape.dim]
    if kind == "list":
        values = attr.list
        if values.type:
            return [dtypes.as_dtype(t).base_dtype.name for t in values.type]
        if values.s:
            return [s.decode("latin1") for s in values.s]
        return list(values.i) or list(values.f) or list(values.b)
    return None


def attribute(attr):
    if not attr.HasField("default_value"):
        return [attr.type]
    return [attr.type, value(attr.default_value)]


# What Python has no function for, but graphs that an optimizer or a converter wrote may hold.
HIDDEN = [
    "_Arg", "_ArrayToList", "_FusedBatchNormEx", "_FusedConv2D", "_FusedConv3D", "_FusedDepthwiseConv2dNative", "_FusedMatMul",
    "_HostCast", "_ListToArray", "_ParallelConcatStart", "_ParallelConcatUpdate", "_Retval", "_SwitchN",
    "_TensorToHashBucketFast", "_UnaryOpsComposition", "QuantizedConcatV2", "XlaBroadcastHelper", "XlaCallModule", "XlaConv",
    "XlaConvV2", "XlaDequantize", "XlaDot", "XlaDotV2", "XlaDynamicSlice", "XlaDynamicUpdateSlice", "XlaEinsum", "XlaGather",
    "XlaIf", "XlaKeyValueSort", "XlaOptimizationBarrier", "XlaPad", "XlaReduce", "XlaReducePrecision", "XlaReduceWindow",
    "XlaReplicaId", "XlaRngBitGenerator", "XlaScatter", "XlaSelectAndScatter", "XlaSelfAdjointEig", "XlaSharding", "XlaSort",
    "XlaSvd", "XlaVariadicReduce", "XlaVariadicReduceV2", "XlaVariadicSort", "XlaWhile",
]


def main():
    ops = {}
    for name in sorted([*dir(raw_ops), *HIDDEN]):
        op = op_def_registry.get(name)
        if op is None:
            continue
        row = {"in": [argument(a) for a in op.input_arg], "out": [argument(a) for a in op.output_arg]}
        row["attrs"] = {a.name: attribute(a) for a in op.attr}
        if op.is_stateful:
            row["stateful"] = True
        ops[name] = row
    lines = [f"{json.dumps(k)}:{json.dumps(v, separators=(',', ':'))}" for k, v in ops.items()]
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(len(ops), "ops")


main()
