/** Ops that only read files: of what these do, nothing stays. */
const READING = [
  ..."ReadFile MatchingFiles Restore RestoreSlice RestoreV2 ImmutableConst RecordInput".split(" "),
  ..."LoadAndRemapMatrix GenerateVocabRemapping".split(" "),
  ..."InitializeTableFromTextFile InitializeTableFromTextFileV2".split(" "),
  ..."WholeFileReader WholeFileReaderV2 TextLineReader TextLineReaderV2 TFRecordReader TFRecordReaderV2".split(
    " ",
  ),
  ..."FixedLengthRecordReader FixedLengthRecordReaderV2 LMDBReader".split(" "),
  ..."ReaderRead ReaderReadV2 ReaderReadUpTo ReaderReadUpToV2".split(" "),
  ..."TFRecordDataset TFRecordDatasetV2 TextLineDataset CSVDataset CSVDatasetV2 ExperimentalCSVDataset".split(
    " ",
  ),
  ..."FixedLengthRecordDataset FixedLengthRecordDatasetV2 MatchingFilesDataset".split(" "),
  ..."ExperimentalMatchingFilesDataset LMDBDataset ExperimentalLMDBDataset SqlDataset ExperimentalSqlDataset".split(
    " ",
  ),
  ..."LoadDataset SnapshotDatasetReader SnapshotNestedDatasetReader SnapshotChunkDataset".split(" "),
  "ListSnapshotChunksDataset",
];

const WRITING = [
  ..."WriteFile Save SaveSlices SaveV2 MergeV2Checkpoints DistributedSave FileSystemSetConfiguration".split(
    " ",
  ),
  ..."SaveDataset SaveDatasetV2 DatasetToTFRecord ExperimentalDatasetToTFRecord CacheDataset CacheDatasetV2".split(
    " ",
  ),
  ..."SnapshotDataset SnapshotDatasetV2".split(" "),
  ..."CreateSummaryFileWriter CreateSummaryDbWriter FlushSummaryWriter WriteSummary WriteRawProtoSummary".split(
    " ",
  ),
  ..."WriteScalarSummary WriteHistogramSummary WriteImageSummary WriteAudioSummary WriteGraphSummary".split(
    " ",
  ),
  "ImportEvent",
];

/** The ops of TensorFlow's registry that read or write files whenever they run. */
export const fileOps: ReadonlySet<string> = new Set([...READING, ...WRITING]);

/** Ops that read or write a file if an attribute says so: which one, and how its value does. */
export const fileAttributes: Readonly<Record<string, readonly [attribute: string, pattern: RegExp]>> = {
  PrintV2: ["output_stream", /^file:/],
  DebugIdentity: ["debug_urls", /^file:/],
  // Its urls are folders, whether or not they say so.
  DebugIdentityV2: ["debug_urls", /^(?!grpc:)/],
  DebugIdentityV3: ["debug_urls", /^file:/],
  DebugNanCount: ["debug_urls", /^file:/],
  DebugNumericSummary: ["debug_urls", /^file:/],
  FixedUnigramCandidateSampler: ["vocab_file", /./],
};
