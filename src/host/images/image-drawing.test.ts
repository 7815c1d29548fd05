import { testHostCases } from "../host-cases.ts";

testHostCases("image_drawing");
