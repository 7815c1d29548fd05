import { testOpCases } from "./op-cases.ts";

testOpCases("normalization_gradient");
