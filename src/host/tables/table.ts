import type { PartialShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/** What a table's node says of what it holds. */
export interface TableForm {
  /** The rank of one key; undefined if that isn't known at load. */
  readonly keyRank: number | undefined;
  /** The shape of one value. */
  readonly valueShape: PartialShape;
}

/** A table as the ops on it use it. */
export interface Table {
  /** The value of each key, or the default. */
  find(keys: Tensor, defaultValue: Tensor): Tensor;
  readonly size: number;
  /** All keys and values. */
  entries(): readonly [keys: Tensor, values: Tensor];
}

/** A table that requests may change. Whoever calls holds the state's lock. */
export interface WritableTable extends Table {
  /** Puts values in, over those that keys may have. */
  insert(keys: Tensor, values: Tensor): void;
  remove(keys: Tensor): void;
  /** Puts these in the place of all that it holds. */
  replace(keys: Tensor, values: Tensor): void;
}
