import { testHostCases } from "../host-cases.ts";

testHostCases("error_functions");
