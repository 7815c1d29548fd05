import type { Cancellation } from "../../status/cancellation.ts";
import { failedPrecondition, invalidArgument } from "../../status/status.ts";
import { MAX_RANK } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { RunResult, Session, SessionDescriptor, SessionTensor } from "../engine.ts";
import { writeDims } from "../native-dims.ts";
import { NativeNames } from "../native-names.ts";
import type { Pointer, Status } from "./api.ts";
import type { Binding } from "./binding.ts";
import { elementType } from "./element-type.ts";
import { type Frame, FramePool } from "./frame.ts";
import { NativeResult, type OutputRow, outputRow } from "./result.ts";
import { RunOptions } from "./run-options.ts";
import { checkRun } from "./status.ts";

/** This thread's handle on a native session. Owns the names that its runs pass. */
export class OnnxRuntimeSession implements Session {
  readonly inputs: readonly SessionTensor[];
  readonly outputs: readonly SessionTensor[];
  readonly #binding: Binding;
  readonly #handle: Pointer;
  readonly #inputNames: NativeNames;
  readonly #outputNames: NativeNames;
  readonly #rows: readonly OutputRow[];
  readonly #frames: FramePool;
  /** Asynchronous runs under way or waiting. */
  #running = 0;
  #released = false;

  constructor(binding: Binding, descriptor: SessionDescriptor) {
    this.inputs = descriptor.inputs;
    this.outputs = descriptor.outputs;
    this.#binding = binding;
    this.#handle = descriptor.handle;
    this.#rows = descriptor.outputs.map(outputRow);
    this.#inputNames = new NativeNames(descriptor.inputs.map((tensor) => tensor.name));
    this.#outputNames = new NativeNames(descriptor.outputs.map((tensor) => tensor.name));
    this.#frames = new FramePool(descriptor.inputs.length, descriptor.outputs.length);
  }

  run(inputs: readonly Tensor[], outputs: readonly number[]): RunResult {
    const frame = this.#prepare(inputs, outputs);
    const status = this.#binding.api.Run(
      this.#handle,
      null,
      this.#inputNames.table,
      frame.inputs,
      inputs.length,
      frame.names,
      outputs.length,
      frame.outputs,
    );
    return this.#finish(frame, inputs.length, outputs, status);
  }

  async runAsync(
    inputs: readonly Tensor[],
    outputs: readonly number[],
    cancellation?: Cancellation,
  ): Promise<RunResult> {
    const { api, calls } = this.#binding;
    // Counted from here on, as a call that waits for its turn needs the names too.
    this.#running++;
    try {
      return await calls.run((done) => {
        const options = cancellation && new RunOptions(api, cancellation);
        let frame: Frame;
        try {
          frame = this.#prepare(inputs, outputs);
        } catch (error) {
          options?.release();
          throw error;
        }
        api.Run.async(
          this.#handle,
          options === undefined ? null : options.handle,
          this.#inputNames.table,
          frame.inputs,
          inputs.length,
          frame.names,
          outputs.length,
          frame.outputs,
          (_error: unknown, status: Status) =>
            done((queued) => {
              options?.release();
              try {
                return this.#finish(frame, inputs.length, outputs, status, queued);
              } catch (error) {
                throw options?.failure ?? error;
              }
            }),
        );
      });
    } finally {
      this.#running--;
    }
  }

  release(): void {
    if (this.#released) return;
    if (this.#running > 0) {
      throw failedPrecondition(`A session can't be released: ${this.#running} runs are under way`);
    }
    this.#released = true;
    this.#inputNames.free();
    this.#outputNames.free();
  }

  /** Fills a frame. If it throws, everything it made is freed. */
  #prepare(inputs: readonly Tensor[], outputs: readonly number[]): Frame {
    if (this.#released) throw failedPrecondition("A session was run after its release");
    if (inputs.length !== this.inputs.length) {
      throw invalidArgument(`The session takes ${this.inputs.length} inputs, got ${inputs.length}`);
    }
    if (outputs.length > this.outputs.length) {
      throw invalidArgument(`The session has ${this.outputs.length} outputs, got ${outputs.length} indexes`);
    }
    const frame = this.#frames.take();
    let made = 0;
    try {
      this.#nameOutputs(frame, outputs);
      frame.held = inputs;
      for (; made < inputs.length; made++) {
        frame.inputs[made] = this.#wrap(frame, inputs[made]!, this.inputs[made]!.name);
      }
      return frame;
    } catch (error) {
      this.#releaseInputs(frame, made);
      this.#frames.give(frame);
      throw error;
    }
  }

  #nameOutputs(frame: Frame, outputs: readonly number[]): void {
    const { pointers } = this.#outputNames;
    for (let i = 0; i < outputs.length; i++) {
      const name = pointers[outputs[i]!];
      if (name === undefined) {
        throw invalidArgument(`The session has ${pointers.length} outputs; there is no index ${outputs[i]}`);
      }
      frame.names[i] = name;
      frame.outputs[i] = 0n;
    }
  }

  /** An OrtValue over the tensor's own memory. */
  #wrap(frame: Frame, { dtype, shape, data }: Tensor, name: string): Pointer {
    const { api, memoryInfo } = this.#binding;
    const type = elementType(dtype);
    if (type === undefined || !ArrayBuffer.isView(data)) {
      throw invalidArgument(`Input '${name}' must be numeric, got ${dtype}`);
    }
    const rank = shape.length;
    if (rank > MAX_RANK) {
      throw invalidArgument(`Input '${name}' has rank ${rank}; the highest supported is ${MAX_RANK}`);
    }
    writeDims(frame.dims, shape);
    const { dims, pointer } = frame;
    const bytes = data.byteLength;
    const status = api.CreateTensorWithDataAsOrtValue(memoryInfo, data, bytes, dims, rank, type, pointer);
    checkRun(api, status);
    return pointer[0]!;
  }

  #releaseInputs(frame: Frame, count: number): void {
    for (let i = 0; i < count; i++) this.#binding.api.ReleaseValue(frame.inputs[i]!);
    frame.held = undefined;
  }

  #finish(
    frame: Frame,
    inputCount: number,
    outputs: readonly number[],
    status: Status,
    queued?: number,
  ): RunResult {
    this.#releaseInputs(frame, inputCount);
    const result = new NativeResult(this.#binding, this.#frames, frame, outputs.length, queued);
    try {
      checkRun(this.#binding.api, status);
      for (let i = 0; i < outputs.length; i++) result.add(i, this.#rows[outputs[i]!]!);
      return result;
    } catch (error) {
      result.dispose();
      throw error;
    }
  }
}
