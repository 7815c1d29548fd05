import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  XEventMetadataSchema,
  type XLineSchema,
  XSpaceSchema,
} from "../proto/gen/tsl/profiler/protobuf/xplane_pb.ts";
import { framesOfSamples } from "./frames-of-samples.ts";
import type { ThreadProfile } from "./thread-profile.ts";

/** The plane that TensorBoard's profile plugin shows the host's threads of. */
const HOST_PLANE = "/host:CPU";
const PICOSECONDS_PER_MILLISECOND = 1e9;
const PICOSECONDS_PER_MICROSECOND = 1e6;

/** What happened on a line, in picoseconds from its start. */
interface Happening {
  readonly name: string;
  readonly offset: number;
  readonly duration: number;
}

/**
 * A serialized tensorflow.profiler.XSpace: for each thread a line with its requests, and one with its functions.
 * @param host the machine's name.
 * @param mostEvents the first so many events of a line are kept.
 */
export function toXSpace(
  threads: readonly ThreadProfile[],
  host: string,
  mostEvents = Number.POSITIVE_INFINITY,
): Uint8Array {
  const names = new Map<string, bigint>();
  const idOf = (name: string): bigint => {
    const known = names.get(name) ?? BigInt(names.size + 1);
    names.set(name, known);
    return known;
  };
  const lines: MessageInitShape<typeof XLineSchema>[] = [];
  const addLine = (name: string, thread: ThreadProfile, happenings: readonly Happening[]) => {
    if (happenings.length === 0) return;
    const kept = happenings
      .toSorted((a, b) => a.offset - b.offset || b.duration - a.duration)
      .slice(0, mostEvents);
    lines.push({
      id: BigInt(lines.length + 1),
      name,
      timestampNs: BigInt(Math.round(thread.start * 1e6)),
      durationPs: BigInt(Math.round((thread.end - thread.start) * PICOSECONDS_PER_MILLISECOND)),
      events: kept.map((event) => ({
        metadataId: idOf(event.name),
        data: { case: "offsetPs", value: BigInt(Math.round(event.offset)) },
        durationPs: BigInt(Math.round(event.duration)),
      })),
    });
  };
  for (const thread of threads) {
    for (const [lane, requests] of lanesOf(requestsOf(thread)).entries()) {
      addLine(`${thread.thread}: requests${lane === 0 ? "" : ` (${lane + 1} at a time)`}`, thread, requests);
    }
    addLine(`${thread.thread}: functions`, thread, functionsOf(thread));
  }
  const eventMetadata = Object.fromEntries(
    [...names].map(([name, id]) => [String(id), create(XEventMetadataSchema, { id, name })]),
  );
  const plane = { id: 1n, name: HOST_PLANE, lines, eventMetadata };
  return toBinary(XSpaceSchema, create(XSpaceSchema, { hostnames: [host], planes: [plane] }));
}

function requestsOf({ spans, start }: ThreadProfile): readonly Happening[] {
  return spans.map((span) => ({
    name: span.name,
    offset: Math.max(0, span.start - start) * PICOSECONDS_PER_MILLISECOND,
    duration: (span.end - Math.max(span.start, start)) * PICOSECONDS_PER_MILLISECOND,
  }));
}

function functionsOf({ samples }: ThreadProfile): readonly Happening[] {
  if (samples === undefined) return [];
  return framesOfSamples(samples).map(({ name, start, end }) => ({
    name,
    offset: start * PICOSECONDS_PER_MICROSECOND,
    duration: (end - start) * PICOSECONDS_PER_MICROSECOND,
  }));
}

/** Events of a line may enclose each other, not overlap: requests that do are put on lines of their own. */
function lanesOf(happenings: readonly Happening[]): readonly (readonly Happening[])[] {
  const lanes: { readonly events: Happening[]; end: number }[] = [];
  for (const event of happenings.toSorted((a, b) => a.offset - b.offset)) {
    let lane = lanes.find(({ end }) => end <= event.offset);
    if (lane === undefined) {
      lane = { events: [], end: 0 };
      lanes.push(lane);
    }
    lane.events.push(event);
    lane.end = event.offset + event.duration;
  }
  return lanes.map(({ events }) => events);
}
