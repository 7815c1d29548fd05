import { testOpCases } from "./op-cases.ts";

testOpCases("recurrent_cells");
