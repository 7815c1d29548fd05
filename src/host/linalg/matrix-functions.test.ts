import { testHostCases } from "../host-cases.ts";

testHostCases("matrix_functions");
