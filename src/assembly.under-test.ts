/** For tests. */
import assert from "node:assert/strict";
import { after } from "node:test";
import { type CallOptions, Client, type ClientUnaryCall, credentials } from "@grpc/grpc-js";
import { type RunningServer, startServer } from "./assembly.ts";
import { parseFlags } from "./flags/parse-flags.ts";
import { freePort } from "./free-port.ts";

const running = new Set<ServerUnderTest>();
// A test that fails may leave its server.
after(() => Promise.all([...running].map((server) => server.stop(0))));

/** A server in this process, and gRPC's own client of it. */
export class ServerUnderTest {
  /** What its log says. */
  readonly lines: string[];
  readonly restPort: number;
  readonly grpcPort: number;
  readonly #server: RunningServer;
  readonly #client: Client;

  private constructor(server: RunningServer, lines: string[]) {
    this.#server = server;
    this.lines = lines;
    this.restPort = server.restPort!;
    this.grpcPort = server.grpcPort!;
    this.#client = new Client(`127.0.0.1:${server.grpcPort}`, credentials.createInsecure());
    running.add(this);
  }

  /**
   * Starts it on free ports, with two request workers, without the waits that a test has no time for.
   * @param args flags; what they say goes before that.
   * @param signal ends the start.
   */
  static async start(
    args: readonly string[],
    signal = new AbortController().signal,
  ): Promise<ServerUnderTest> {
    const { flags, unknown, invalid } = parseFlags([
      `--port=${await freePort()}`,
      `--rest_api_port=${await freePort()}`,
      "--bind_address=127.0.0.1",
      "--request_workers=2",
      "--max_num_load_retries=0",
      "--settle_milliseconds=0",
      ...args,
    ]);
    assert.deepEqual([...unknown, ...invalid], []);
    const lines: string[] = [];
    const sink = {
      write: (_severity: string, _component: string, message: string) => void lines.push(message),
    };
    return new ServerUnderTest(await startServer(flags, sink, signal), lines);
  }

  /** Where the REST API has its models. */
  get models(): string {
    return `http://127.0.0.1:${this.restPort}/v1/models`;
  }

  /**
   * One gRPC call.
   * @param method below `tensorflow.serving`, such as `PredictionService/Predict`.
   * @param message the serialized request.
   * @returns the serialized response. Rejects with grpc-js's ServiceError.
   */
  call(
    method: string,
    message: Uint8Array,
    options: CallOptions = {},
    onCall?: (call: ClientUnaryCall) => void,
  ): Promise<Buffer> {
    const pass = (bytes: Uint8Array) => Buffer.from(bytes);
    return new Promise((resolve, reject) => {
      const path = `/tensorflow.serving.${method}`;
      const call = this.#client.makeUnaryRequest(path, pass, pass, message, options, (error, reply) =>
        error === null ? resolve(reply!) : reject(error),
      );
      onCall?.(call);
    });
  }

  /** May be called again. @param milliseconds that requests in flight may take. */
  async stop(milliseconds = 1000): Promise<void> {
    if (!running.delete(this)) return;
    await this.#server.stop(milliseconds);
    this.#client.close();
  }
}
