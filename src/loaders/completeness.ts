import { fromBinary } from "@bufbuild/protobuf";
import { readSavedModelProto } from "../formats/saved-model/saved-model.ts";
import { openBundle } from "../formats/saved-model/tensor-bundle.ts";
import { FarmHash } from "../host/strings/hashing/farmhash.ts";
import { FingerprintDefSchema } from "../proto/gen/tensorflow/core/protobuf/fingerprint_pb.ts";
import { joinPath, type Storage } from "../storage/storage.ts";

/**
 * Whether all of a SavedModel is there, as its fingerprint.pb says: the graph can be read, the variables' index is the
 * one that was exported (`checkpoint_hash` is its Fingerprint64: tensorflow/cc/saved_model/fingerprinting.cc), and the
 * data files are as long as that says. False for a model without a fingerprint.
 */
export async function isComplete(storage: Storage, directory: string): Promise<boolean> {
  try {
    const bytes = await storage.readFile(joinPath(directory, "fingerprint.pb"));
    const { checkpointHash } = fromBinary(FingerprintDefSchema, bytes);
    if (bytes.length === 0) return false;
    await readSavedModelProto(storage, directory);
    if (checkpointHash === 0n) return true;
    const prefix = joinPath(directory, "variables/variables");
    const index = await storage.readFile(`${prefix}.index`);
    if (new FarmHash().hash(index).toBigInt() !== checkpointHash) return false;
    (await openBundle(storage, prefix)).close();
    return true;
  } catch {
    // Whatever is wrong with it may be put right by what is still to come.
    return false;
  }
}
