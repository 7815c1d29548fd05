import { libraryVersion } from "../engines/onnxruntime/api.ts";
import { findLibrary, loadLibrary } from "../engines/onnxruntime/library.ts";
import { formatBytes } from "../engines/tensorflow/install/bytes.ts";
import { type Installation, installations } from "../engines/tensorflow/install/installed.ts";
import { findTensorFlow, INSTALL_COMMAND } from "../engines/tensorflow/library.ts";

/** Name, version, size and place of an engine; what isn't known is empty. */
type EngineRow = readonly [string, string, string, string];

/** Prints a line for each engine, and which of several libraries of TensorFlow a server uses. */
export function listEngines(): void {
  const path = findLibrary();
  const rows: EngineRow[] = [
    ["onnxruntime", libraryVersion(loadLibrary(path).library), "", path],
    ...tensorflowRows(installations(), findTensorFlow("")),
  ];
  process.stdout.write(formatTable(rows));
}

/** @param used the path of the library that a server takes unless told, if there is any. */
export function tensorflowRows(installed: readonly Installation[], used: string | undefined): EngineRow[] {
  const rows: EngineRow[] = installed.map(({ version, bytes, library }) => {
    const remark = library === used ? "" : "  (not used)";
    return ["tensorflow", version, formatBytes(bytes), `${library}${remark}`];
  });
  const isElsewhere = used !== undefined && !installed.some(({ library }) => library === used);
  if (isElsewhere) rows.push(["tensorflow", "", "", used]);
  if (rows.length === 0) rows.push(["tensorflow", "", "", `not installed: run '${INSTALL_COMMAND}'`]);
  return rows;
}

function formatTable(rows: readonly EngineRow[]): string {
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) => `${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}\n`)
    .join("");
}
