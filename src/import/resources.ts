/** What stands for a variable or a table; whoever uses it finds out which when the model is loaded. */
const RESOURCES = new Set([
  "VarHandleOp",
  "HashTable",
  "HashTableV2",
  "MutableHashTable",
  "MutableHashTableV2",
  "MutableHashTableOfTensors",
  "MutableHashTableOfTensorsV2",
  "MutableDenseHashTable",
  "MutableDenseHashTableV2",
]);

/** TF1's variables, which hand out references to themselves. */
const REFERENCE_VARIABLES = new Set(["VariableV2", "Variable"]);

/** What stays outside of the functions that parts of a graph are made into: they get it as an argument. */
const OUTER = new Set([...RESOURCES, ...REFERENCE_VARIABLES, "Placeholder", "PlaceholderWithDefault"]);

export function isResource(op: string): boolean {
  return RESOURCES.has(op);
}

export function isReferenceVariable(op: string): boolean {
  return REFERENCE_VARIABLES.has(op);
}

export function isOuterState(op: string): boolean {
  return OUTER.has(op);
}
