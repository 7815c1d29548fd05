/** For tests: a collector of traces that reads OTLP over HTTP by the protocol's field numbers, and no library of it. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { BinaryReader } from "@bufbuild/protobuf/wire";

export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceState: string;
  readonly parentSpanId: string;
  readonly name: string;
  /** opentelemetry.proto.trace.v1.Span.SpanKind: 1 internal, 2 server. */
  readonly kind: number;
  /** Nanoseconds since 1970. */
  readonly start: bigint;
  readonly end: bigint;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** opentelemetry.proto.trace.v1.Status.StatusCode: 2 is an error. */
  readonly status: number;
  readonly resource: Readonly<Record<string, unknown>>;
}

export interface Collector {
  readonly url: string;
  readonly spans: CollectedSpan[];
  close(): void;
}

export async function startCollector(): Promise<Collector> {
  const spans: CollectedSpan[] = [];
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece);
    const isTraces = request.method === "POST" && request.url === "/v1/traces";
    const isProtobuf = request.headers["content-type"] === "application/x-protobuf";
    if (isTraces && isProtobuf) spans.push(...readRequest(Buffer.concat(pieces)));
    response
      .writeHead(isTraces && isProtobuf ? 200 : 400, { "content-type": "application/x-protobuf" })
      .end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, spans, close: () => server.close() };
}

type Field = readonly [number: number, value: Uint8Array | bigint];

/** The fields of a message: submessages, strings and bytes as bytes, numbers as they lie there. */
function fieldsOf(bytes: Uint8Array): Field[] {
  const reader = new BinaryReader(bytes);
  const fields: Field[] = [];
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (wireType === 0) fields.push([number, BigInt(reader.uint64())]);
    else if (wireType === 1) fields.push([number, BigInt(reader.fixed64())]);
    else if (wireType === 2) fields.push([number, reader.bytes()]);
    else reader.skip(wireType);
  }
  return fields;
}

function all(fields: readonly Field[], wanted: number): Uint8Array[] {
  return fields.filter(([number]) => number === wanted).map(([, value]) => value as Uint8Array);
}

const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);
const hex = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString("hex");

/** opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest. */
function readRequest(bytes: Uint8Array): CollectedSpan[] {
  return all(fieldsOf(bytes), 1).flatMap((resourceSpans) => {
    const fields = fieldsOf(resourceSpans);
    const resource = readAttributes(fieldsOf(all(fields, 1)[0]!), 1);
    return all(fields, 2)
      .flatMap((scopeSpans) => all(fieldsOf(scopeSpans), 2))
      .map((span) => readSpan(fieldsOf(span), resource));
  });
}

function readSpan(fields: readonly Field[], resource: CollectedSpan["resource"]): CollectedSpan {
  const one = (wanted: number) => all(fields, wanted)[0];
  const number = (from: readonly Field[], wanted: number) =>
    (from.find(([each]) => each === wanted)?.[1] as bigint | undefined) ?? 0n;
  return {
    traceId: hex(one(1)),
    spanId: hex(one(2)),
    traceState: text(one(3)),
    parentSpanId: hex(one(4)),
    name: text(one(5)),
    kind: Number(number(fields, 6)),
    start: number(fields, 7),
    end: number(fields, 8),
    attributes: readAttributes(fields, 9),
    status: Number(number(fieldsOf(one(15) ?? new Uint8Array(0)), 3)),
    resource,
  };
}

/** Repeated KeyValues; an AnyValue's string is field 1, its int64 field 3. */
function readAttributes(fields: readonly Field[], wanted: number): Record<string, unknown> {
  return Object.fromEntries(
    all(fields, wanted).map((pair) => {
      const [key, value] = [1, 2].map((number) => all(fieldsOf(pair), number)[0]!);
      const [number, content] = fieldsOf(value!)[0]!;
      return [text(key), number === 1 ? text(content as Uint8Array) : Number(content)];
    }),
  );
}
