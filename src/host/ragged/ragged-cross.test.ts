import { testHostCases } from "../host-cases.ts";

testHostCases("ragged_cross");
