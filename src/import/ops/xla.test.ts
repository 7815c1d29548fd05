import { testOpCases } from "./op-cases.ts";

testOpCases("xla");
