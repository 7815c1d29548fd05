import { testHostCases } from "../host-cases.ts";

testHostCases("text");
