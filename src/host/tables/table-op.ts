import type { PartialShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { KnownInput } from "../host-op.ts";
import type { Table, TableForm, WritableTable } from "./table.ts";

/** An op on a table, which is its first input in TensorFlow and known when the model is loaded. */
export interface TableOp {
  /** @param inputs those after the table. */
  readonly shapes: (form: TableForm, inputs: readonly KnownInput[]) => readonly PartialShape[];
}

export interface ReadingTableOp extends TableOp {
  readonly kind: "reading";
  readonly run: (table: Table, inputs: readonly Tensor[]) => readonly Tensor[];
}

/** An op that changes what a table holds. */
export interface WritingTableOp extends TableOp {
  readonly kind: "writing";
  readonly run: (table: WritableTable, inputs: readonly Tensor[]) => void;
}

const find: ReadingTableOp = {
  kind: "reading",
  shapes: ({ keyRank, valueShape }, [keys]) => {
    if (keyRank === undefined || keys!.shape === undefined || valueShape === undefined) return [undefined];
    return [[...keys!.shape.slice(0, keys!.shape.length - keyRank), ...valueShape]];
  },
  run: (table, [keys, defaultValue]) => [table.find(keys!, defaultValue!)],
};

const size: ReadingTableOp = {
  kind: "reading",
  shapes: () => [[]],
  run: (table) => [{ dtype: "int64", shape: [], data: BigInt64Array.of(BigInt(table.size)) }],
};

const exportAll: ReadingTableOp = {
  kind: "reading",
  shapes: ({ keyRank, valueShape }) => [
    keyRank === undefined ? undefined : [-1, ...new Array<number>(keyRank).fill(-1)],
    valueShape && [-1, ...valueShape],
  ],
  run: (table) => table.entries(),
};

function writing(run: WritingTableOp["run"]): WritingTableOp {
  return { kind: "writing", shapes: () => [], run };
}

const insert = writing((table, [keys, values]) => table.insert(keys!, values!));
const remove = writing((table, [keys]) => table.remove(keys!));
const replace = writing((table, [keys, values]) => table.replace(keys!, values!));

/** Ops on tables, by their TensorFlow names. */
export const tableOps: Readonly<Record<string, ReadingTableOp | WritingTableOp>> = {
  LookupTableFind: find,
  LookupTableFindV2: find,
  LookupTableSize: size,
  LookupTableSizeV2: size,
  LookupTableExport: exportAll,
  LookupTableExportV2: exportAll,
  LookupTableInsert: insert,
  LookupTableInsertV2: insert,
  LookupTableRemoveV2: remove,
  LookupTableImport: replace,
  LookupTableImportV2: replace,
};

/** Whether an op changes a table. */
export function writesTable(op: string): boolean {
  return tableOps[op]?.kind === "writing";
}
