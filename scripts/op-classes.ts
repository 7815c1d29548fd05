/** Ops that no table of kernels holds, because passes and the loader deal with them. */
export const ELSEWHERE: readonly (readonly [where: string, ops: readonly string[]])[] = [
  [
    "control flow",
    [
      ..."While StatelessWhile If StatelessIf Case StatelessCase Switch RefSwitch Merge RefMerge Enter RefEnter".split(
        " ",
      ),
      ..."Exit RefExit NextIteration RefNextIteration LoopCond".split(" "),
    ],
  ],
  ["inlining", ["PartitionedCall", "StatefulPartitionedCall", "RemoteCall", "BatchFunction"]],
  [
    "state",
    [
      ..."VarHandleOp VariableV2 Variable ReadVariableOp VarIsInitializedOp IsVariableInitialized VariableShape".split(
        " ",
      ),
      ..."ResourceGather ResourceGatherNd HashTable HashTableV2 MutableHashTable MutableHashTableV2".split(
        " ",
      ),
      ..."MutableHashTableOfTensors MutableHashTableOfTensorsV2 MutableDenseHashTable MutableDenseHashTableV2".split(
        " ",
      ),
    ],
  ],
  [
    "initialization",
    [
      ..."InitializeTable InitializeTableV2 InitializeTableFromTextFile InitializeTableFromTextFileV2".split(
        " ",
      ),
    ],
  ],
  [
    "TensorLists",
    [
      ..."TensorArrayV3 TensorArrayReadV3 TensorArrayWriteV3 TensorArrayGatherV3 TensorArrayScatterV3".split(
        " ",
      ),
      ..."TensorArrayConcatV3 TensorArraySplitV3 TensorArraySizeV3 TensorArrayCloseV3".split(" "),
    ],
  ],
  ["pruned", ["PrintV2"]],
];

/**
 * Why an op isn't covered: the first pattern that the whole name matches tells. What a serving graph can hold stands at the
 * end, under `open`.
 */
export const REASONS: readonly (readonly [reason: string, pattern: RegExp])[] = [
  [
    "TPU",
    /.*TPU.*|.*SparseCore.*|XlaSparse.*|.*Minibatch.*|Prelinearize.*|(In|Out)feed.*|GlobalIterId|StoreMinibatch.*/,
  ],
  [
    "TPU",
    /ConvertTo.*Coo.*|AssignVariableXlaConcatND|ReadVariableXlaSplitND|XlaConcatND|XlaSplitND|WorkerHeartbeat|SyncDevice/,
  ],
  ["XLA", /Xla.*/],
  ["dataset", /.*(Dataset|Iterator|MemoryCache|StatsAggregator|SeedGenerator|ThreadPool)(?!.*TPU).*/],
  [
    "dataset",
    /(Map|OrderedMap)(Clear|IncompleteSize|Peek|Size|Stage|Unstage|UnstageNoKey)|MapDefun|Stage.*|Unstage/,
  ],
  [
    "dataset",
    /(Un)?CompressElement|GetElementAtIndex|ComputeBatchSize|DummyIterationCounter|GetOptions|WindowOp|RecordInput/,
  ],
  ["reader", /.*Reader.*/],
  ["queue", /.*(Queue|Barrier).*/],
  [
    "training",
    /.*Apply.*|Sdca.*|.*Accumulator.*|.*CandidateSampler|ComputeAccidentalHits|CTCLoss.*|BoostedTrees.*(?<!Predict|Bucketize)/,
  ],
  ["training", /KMC2.*|KmeansPlusPlus.*|LoadAndRemapMatrix|GenerateVocabRemapping|IsBoostedTrees.*/],
  ["summary", /.*Summary.*|ImportEvent/],
  ["file", /Save|SaveSlices|Restore|RestoreSlice|DistributedSave/],
  ["file", /ImmutableConst|FileSystemSetConfiguration|CheckPinned/],
  ["distribution", /Collective.*|Nccl.*|AllToAll|CrossReplicaSum|CollectivePermute|Send|Recv|_?(Send|Recv)/],
  [
    "distribution",
    /(Get|Delete)Session(Tensor|HandleV2|Handle)|Mutex.*|ConsumeMutexLock|DestroyResourceOp|DisableCopyOnRead/,
  ],
  [
    "GPU",
    /Cudnn.*|GenerateBoundingBoxProposals|MaxPoolGradGradWithArgmax|SparseMatrix(Add|Mul|Softmax|SoftmaxGrad|Zeros)/,
  ],
  [
    "oneDNN",
    /Quantized(Depthwise)?Conv2D(?!AndRelu$).*|QuantizedConv2DAndRelu|QuantizedMatMulWith.*|Requantiz.*PerChannel|QuantizedConcatV2/,
  ],
  [
    "loop gradient",
    /Stack.*|TensorArrayGrad.*|SymbolicGradient|UnbatchGrad|(GRU|LSTM)BlockCellGrad|BlockLSTMGrad(V2)?/,
  ],
  [
    "older than SavedModel",
    /TensorArray(Read|Write|Gather|Scatter|Concat|Split|Size|Close|Pack|Unpack)?(V2)?|TileGrad|BatchNormWithGlobalNormalizationGrad/,
  ],
  [
    "eager",
    /Anonymous.*Table.*|(Add|Take)ManySparse.*TensorsMap|AddSparseToTensorsMap|(Destroy)?TemporaryVariable/,
  ],
  [
    "runtime",
    /_(Arg|Retval|ArrayToList|ListToArray|HostCast|SwitchN|ParallelConcat.*|TensorToHashBucketFast|UnaryOpsComposition)|UncompressElement|Abort|DebugNanCount/,
  ],
  ["Python", /(Eager)?PyFunc(Stateless)?/],
  [
    "no kernel",
    /Batch(I)?FFT(2D|3D)?|I?R?FFTND|Segment(Max|Min|Prod|Sum)V2|DebugIdentityV3|Conv2DBackprop(Filter|Input)V2/,
  ],
  ["no kernel", /ControlTrigger|QuantizedReluX/],
];
