export { findLibtensorflow, TENSORFLOW_RELEASE, type LibtensorflowLocation } from './library.js';
export { callAsync, tensorflowVersion } from './native.js';
export {
  hasNativeOperations,
  loadOperations,
  nativeOperationsFile,
  type NativeOperations,
} from './native-operations.js';
export { liveHandles, type HandleKind } from './handles.js';
export { StatusError, type StatusCode } from './status.js';

export { dtypeOfNumber, type DType, type NumericDType, type TensorValues } from './dtypes.js';
export type { Shape } from './shape.js';
export { Tensor, type ElementValues, type ScalarValue } from './tensor.js';

export type { AttrValue_ListValue as OperationAttributeList } from './generated/tensorflow/core/framework/attr_value_pb.js';
export { registeredOperations } from './registry.js';
export type {
  OpDef as OperationDefinition,
  OpDef_ArgDef as OperationArgument,
  OpDef_AttrDef as OperationAttribute,
} from './generated/tensorflow/core/framework/op_def_pb.js';

/** TensorFlow's own operations as functions, generated from its registry: `raw.conv2D(scope, …)`. */
export * as raw from './generated/operations/index.js';

export { Graph } from './graph.js';
export { Operation, Output } from './operation.js';
export { Scope, type Named, type OperationOptions } from './scope.js';
export type { ConstantOptions, ConstantValue, NestedValues } from './constant.js';
export type { AttributeValue, SingleAttributeValue } from './attributes.js';
export type { OperationInput } from './op-builder.js';
export { GraphFunction, type ElementSpec } from './graph-function.js';
export { defineFunction, type FunctionOptions } from './functions.js';
export {
  cond,
  runIf,
  whileLoop,
  type Branches,
  type FunctionBody,
  type Loop,
  type LoopOptions,
} from './control-flow.js';
export { gradients, type GradientOptions } from './gradients.js';
export { fasterBatchNorms } from './batch-norms.js';
export { fasterLocalNorms } from './local-norms.js';
export { fasterRectifiedBiases } from './rectified-biases.js';
export { fasterConvolutions } from './convolutions.js';
export { fasterDenseGradients } from './dense-gradients.js';
export { replacesOperations } from './replacements.js';
export { afterLastReads } from './last-reads.js';
export { givingMemoryBack } from './unused-memory.js';
export type { GradientRule, GradientRules } from './gradient-rules.js';

export { assign, variable, Variable, type VariableOptions } from './variables.js';
/** First values of variables: zeros, glorotUniform and others. */
export * as initializers from './initializers.js';
export type { Initializer } from './initializers.js';

export {
  dynamicLossScale,
  mixedPrecision,
  type ComputeDType,
  type LossScale,
  type LossScaleOptions,
  type MixedPrecision,
} from './mixed-precision.js';
/** Ways to change parameters by their gradients: momentum, adam and others. */
export * as optimisers from './optimisers/index.js';
export type { Optimiser, TrainedParameter, Update } from './optimisers/index.js';
/** Learning rates over the steps: cosine, warmUp and others. */
export * as schedules from './schedules.js';
export type { Schedule } from './schedules.js';
export { watchFinite, type FiniteWatch, type NonFinite } from './non-finite.js';
export {
  assignMovingAverage,
  averageName,
  movingAverages,
  type MovingAverageOptions,
  type MovingAverages,
  type MovingAverageStep,
} from './moving-averages.js';

export {
  cast,
  concat,
  expandDims,
  identity,
  pack,
  pad,
  reshape,
  reverse,
  shape,
  squeeze,
  stopGradient,
  tile,
  transpose,
  type PadOptions,
} from './operations/arrays.js';
export {
  gather,
  slice,
  split,
  stridedSlice,
  unstack,
  type SliceOptions,
  type StridedSliceOptions,
} from './operations/slices.js';
export { fill, oneHot, onesLike, range, zerosLike, type RangeDType, type RangeOptions } from './operations/filled.js';
export {
  add,
  addN,
  batchMatMul,
  div,
  einsum,
  matMul,
  maximum,
  minimum,
  mul,
  pow,
  reciprocal,
  rsqrt,
  sqrt,
  square,
  squaredDifference,
  sub,
  type Operand,
} from './operations/math.js';
export {
  all,
  any,
  argMax,
  cumsum,
  l2Loss,
  logSumExp,
  max,
  mean,
  min,
  norm,
  prod,
  sum,
  type CumsumOptions,
  type ReductionOptions,
} from './operations/reductions.js';
export {
  equal,
  greater,
  greaterEqual,
  isFinite,
  less,
  lessEqual,
  logicalAnd,
  logicalNot,
  logicalOr,
  notEqual,
  select,
} from './operations/comparisons.js';
export {
  abs,
  elu,
  exp,
  floor,
  gelu,
  leakyRelu,
  log,
  logSoftmax,
  neg,
  round,
  selu,
  sigmoid,
  sign,
  softplus,
  tanh,
} from './operations/elementwise.js';
export {
  biasAdd,
  dropout,
  fusedBatchNorm,
  inTopK,
  lrn,
  relu,
  softmax,
  topK,
  type BatchNormInputs,
  type BatchNormOptions,
  type BatchNormResult,
  type DropoutOptions,
  type InTopKInputs,
  type LrnOptions,
} from './operations/nn.js';
export {
  avgPool,
  conv2d,
  conv2dTranspose,
  depthToSpace,
  depthwiseConv2d,
  maxPool,
  spaceToDepth,
  type Conv2dTransposeOptions,
  type DataFormat,
  type Padding,
  type Window,
  type WindowOptions,
} from './operations/windows.js';
export {
  clipByGlobalNorm,
  clipByNorm,
  clipByValue,
  globalNorm,
  type ClippedByGlobalNorm,
} from './operations/clipping.js';
export { softmaxCrossEntropyLoss, sparseSoftmaxCrossEntropy } from './operations/losses.js';
export {
  cropAndResize,
  decodeImage,
  decodeJpeg,
  resizeBilinear,
  resizeNearest,
  type CropAndResizeInputs,
  type DecodeJpegOptions,
} from './operations/images.js';
export {
  centralSquare,
  decodeAndCropJpeg,
  extractJpegShape,
  statelessDistortedBox,
  statelessRandomFlip,
  type DistortedBox,
  type DistortedBoxInputs,
  type DistortedBoxOptions,
} from './operations/crops.js';
export { group, identityAfter, noOp } from './operations/control.js';
export {
  parseSingleExample,
  type ExampleFeature,
  type FixedLengthFeature,
  type VariableLengthFeature,
} from './operations/parsing.js';

/** Input pipelines within the graph: tfRecords, map, batch, iterator and others. */
export * as dataset from './dataset/index.js';
export type { Dataset, DatasetIterator } from './dataset/index.js';

export { listDevices, Session, type Device, type RunRequest } from './session.js';
export { Step, type RunTrace, type StepRequest } from './step.js';
export type { RunOptions } from './run-options.js';
export { chromeTrace, type TracedStep } from './trace.js';
export { fromTfjs, toTfjs, type Tfjs, type TfjsDType, type TfjsTensor } from './tfjs.js';
export type { SessionOptions } from './session-options.js';
export { Server, type Cluster, type ServerOptions, type Task } from './server.js';
export { isEndOfSequence, isPeerLost } from './run-failure.js';
export { runIsolated, type IsolatedOptions } from './isolated.js';

export { saver, Saver, type RestoreOptions, type Snapshot } from './checkpoint.js';
export type { Mismatch, RestoreReport } from './restore-report.js';
export { listCheckpoint, readCheckpoint, type CheckpointEntry } from './checkpoint-contents.js';
export { listObjectVariables, type ObjectVariable } from './object-graph.js';
export { CheckpointKeeper, type KeeperOptions } from './checkpoint-keeper.js';
export { readCheckpointState, writeCheckpointState, type CheckpointState } from './checkpoint-state.js';
export type { SavedModelAsset, SavedModelSignature } from './saved-model-graph.js';
export { writeSavedModel, type SavedModelOptions } from './saved-model-writer.js';
export { loadSavedModel, type LoadedModel, type LoadOptions } from './saved-model-loader.js';
export { freeze, type FreezeOptions, type FrozenModel, type FrozenTensor } from './freeze.js';
export { writeTfjsModel, type TfjsModelOptions } from './tfjs-model.js';

export { EventWriter, type EventWriterOptions } from './events.js';
export { readScalars, type ScalarPoint } from './event-reader.js';
export type { CountedBuckets, EncodedImage } from './summaries.js';
export type { HparamDomain, HparamsExperiment, HparamValue, RunStatus } from './hparams.js';
