import { testOpCases } from "./op-cases.ts";

testOpCases("fused_ops");
