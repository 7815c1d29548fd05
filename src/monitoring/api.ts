/** A kind of request, as metrics and traces tell them apart. */
export interface Api {
  /** The name of the gRPC method that does it; empty for what is none. */
  readonly name: string;
  readonly protocol: "grpc" | "rest";
  /**
   * Its `API` in TensorFlow Serving's request_latency: the method over gRPC, the word of the path over REST; undefined
   * for requests that TensorFlow Serving doesn't count.
   */
  readonly tensorflowName: string | undefined;
  /** Takes tf.Examples, which are counted. */
  readonly examples: boolean;
  /** Its position among {@link APIS}. */
  readonly index: number;
}

const ROWS = {
  grpcPredict: { name: "Predict", protocol: "grpc", tensorflowName: "Predict", examples: false },
  grpcClassify: { name: "Classify", protocol: "grpc", tensorflowName: "Classify", examples: true },
  grpcRegress: { name: "Regress", protocol: "grpc", tensorflowName: "Regress", examples: true },
  grpcMultiInference: { name: "MultiInference", protocol: "grpc", tensorflowName: undefined, examples: true },
  grpcSessionRun: { name: "SessionRun", protocol: "grpc", tensorflowName: undefined, examples: false },
  grpcMetadata: { name: "GetModelMetadata", protocol: "grpc", tensorflowName: undefined, examples: false },
  grpcStatus: { name: "GetModelStatus", protocol: "grpc", tensorflowName: undefined, examples: false },
  restPredict: { name: "Predict", protocol: "rest", tensorflowName: "predict", examples: false },
  restClassify: { name: "Classify", protocol: "rest", tensorflowName: "classify", examples: true },
  restRegress: { name: "Regress", protocol: "rest", tensorflowName: "regress", examples: true },
  restMetadata: { name: "GetModelMetadata", protocol: "rest", tensorflowName: "", examples: false },
  restStatus: { name: "GetModelStatus", protocol: "rest", tensorflowName: "", examples: false },
  /** Under /v1/, but nothing that is served. */
  restOther: { name: "", protocol: "rest", tensorflowName: "", examples: false },
} as const satisfies Record<string, Omit<Api, "index">>;

export const APIS = Object.fromEntries(
  Object.entries(ROWS).map(([key, row], index) => [key, { ...row, index }]),
) as Readonly<Record<keyof typeof ROWS, Api>>;
