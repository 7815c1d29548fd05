import { testHostCases, testStandIns } from "../host-cases.ts";

testHostCases("windows");
testStandIns("convolution", ["Conv2D", "Conv3D", "Conv", "DepthwiseConv2dNative"]);
testStandIns("transposed_convolution", [
  "Conv2DBackpropInput",
  "Conv3DBackpropInputV2",
  "DepthwiseConv2dNativeBackpropInput",
]);
testStandIns("window_ops", ["Dilation2D"]);
testStandIns("pooling", ["MaxPoolV2"]);
