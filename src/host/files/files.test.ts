import { fileURLToPath } from "node:url";
import { testHostCases } from "../host-cases.ts";

// The cases name files relative to this folder.
process.chdir(fileURLToPath(new URL("../../../fixtures/file-ops", import.meta.url)));

testHostCases("files");
