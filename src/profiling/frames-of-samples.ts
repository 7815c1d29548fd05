import type { CpuNode, CpuSamples } from "./thread-profile.ts";

/** A function that was on the stack for a while. Times in microseconds from the profile's start. */
export interface Frame {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** Nodes that stand for no function. */
const NO_FUNCTION = new Set(["(root)", "(idle)", "(program)"]);

/**
 * The stacks of samples as frames that enclose each other: one that is on the stack in samples that follow each other is
 * one frame. Outer frames come before the inner ones that begin with them.
 */
export function framesOfSamples({ nodes, samples = [], timeDeltas = [] }: CpuSamples): readonly Frame[] {
  const stacks = stacksOf(nodes);
  const frames: { name: string; start: number; end: number }[] = [];
  /** What is on the stack now: its node and its place among the frames. */
  let open: { readonly node: number; readonly frame: number }[] = [];
  let time = 0;
  const close = (from: number) => {
    for (const { frame } of open.slice(from)) frames[frame]!.end = time;
    open = open.slice(0, from);
  };
  for (const [i, sample] of samples.entries()) {
    time += Math.max(0, timeDeltas[i] ?? 0);
    const stack = stacks.get(sample) ?? [];
    let same = 0;
    while (same < open.length && open[same]!.node === stack[same]?.id) same++;
    close(same);
    for (const node of stack.slice(same)) {
      open.push({ node: node.id, frame: frames.length });
      frames.push({ name: nameOf(node), start: time, end: time });
    }
  }
  close(0);
  return frames;
}

/** The functions on the stack at each node, outermost first. */
function stacksOf(nodes: readonly CpuNode[]): ReadonlyMap<number, readonly CpuNode[]> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const stacks = new Map<number, readonly CpuNode[]>();
  const root = nodes[0];
  const pending: [CpuNode, readonly CpuNode[]][] = root === undefined ? [] : [[root, []]];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [node, above] = next;
    const stack = NO_FUNCTION.has(node.callFrame.functionName) ? above : [...above, node];
    stacks.set(node.id, stack);
    for (const child of node.children ?? []) pending.push([byId.get(child)!, stack]);
  }
  return stacks;
}

/** e.g. `predict (predict.ts:51)`. */
function nameOf({ callFrame: { functionName, url, lineNumber } }: CpuNode): string {
  const name = functionName === "" ? "(anonymous)" : functionName;
  if (url === "") return name;
  return `${name} (${url.slice(url.lastIndexOf("/") + 1)}:${lineNumber + 1})`;
}
