/** The functions of TensorFlow's C interface that this package calls: how C declares them, and how TypeScript does. */

/** An address in native memory. */
export type Pointer = bigint;

/** `TF_Output`: one output of an operation; `TF_Input`, one input, looks the same. `oper` is null where TensorFlow has nothing to name. */
export interface NativeOutput {
  oper: Pointer | null;
  index: number;
}

/** A C declaration that carries its TypeScript signature along. */
export type Declaration<Signature> = string & { readonly signature?: Signature };

function c<Signature>(declaration: string): Declaration<Signature> {
  return declaration;
}

type Release = (pointer: Pointer) => void;

/** One entry for each function, by its name. */
export const DECLARATIONS = {
  TF_Version: c<() => string>('const char *TF_Version()'),
  TF_LoadLibrary: c<(file: string, status: Pointer) => Pointer | null>(
    'void *TF_LoadLibrary(const char *file, void *status)',
  ),

  // The C library's own, which TensorFlow brings along.
  memcpy: c<(to: Pointer | ArrayBufferView, from: Pointer | ArrayBufferView, bytes: number) => Pointer>(
    'void *memcpy(void *to, const void *from, size_t bytes)',
  ),
  malloc: c<(bytes: number) => Pointer | null>('void *malloc(size_t bytes)'),
  free: c<(memory: Pointer | null) => void>('void free(void *memory)'),
  /** Of glibc alone. */
  malloc_trim: c<(kept: number) => number>('int malloc_trim(size_t kept)'),

  TF_NewStatus: c<() => Pointer>('void *TF_NewStatus()'),
  TF_DeleteStatus: c<Release>('void TF_DeleteStatus(void *status)'),
  TF_GetCode: c<(status: Pointer) => number>('int TF_GetCode(void *status)'),
  TF_Message: c<(status: Pointer) => string>('const char *TF_Message(void *status)'),

  TF_NewBuffer: c<() => Pointer>('void *TF_NewBuffer()'),
  TF_NewBufferFromString: c<(bytes: Uint8Array, length: number) => Pointer>(
    'void *TF_NewBufferFromString(const void *bytes, size_t length)',
  ),
  TF_DeleteBuffer: c<Release>('void TF_DeleteBuffer(void *buffer)'),

  TF_AllocateTensor: c<(dtype: number, shape: readonly number[], rank: number, bytes: number) => Pointer | null>(
    'void *TF_AllocateTensor(int dtype, const int64_t *shape, int rank, size_t bytes)',
  ),
  TF_DeleteTensor: c<Release>('void TF_DeleteTensor(void *tensor)'),
  TF_TensorType: c<(tensor: Pointer) => number>('int TF_TensorType(void *tensor)'),
  TF_NumDims: c<(tensor: Pointer) => number>('int TF_NumDims(void *tensor)'),
  TF_Dim: c<(tensor: Pointer, axis: number) => number>('int64_t TF_Dim(void *tensor, int axis)'),
  TF_TensorData: c<(tensor: Pointer) => Pointer>('void *TF_TensorData(void *tensor)'),
  TF_TensorByteSize: c<(tensor: Pointer) => number>('size_t TF_TensorByteSize(void *tensor)'),
  TF_TensorFromProto: c<(buffer: Pointer, tensor: Pointer, status: Pointer) => void>(
    'void TF_TensorFromProto(void *buffer, void *tensor, void *status)',
  ),
  TF_StringGetSize: c<(string: Pointer) => number>('size_t TF_StringGetSize(void *string)'),
  TF_StringGetDataPointer: c<(string: Pointer) => Pointer>('void *TF_StringGetDataPointer(void *string)'),

  TF_GetAllOpList: c<() => Pointer>('void *TF_GetAllOpList()'),
  TF_GetRegisteredKernelsForOp: c<(name: string, status: Pointer) => Pointer | null>(
    'void *TF_GetRegisteredKernelsForOp(const char *name, void *status)',
  ),

  TF_NewGraph: c<() => Pointer>('void *TF_NewGraph()'),
  TF_DeleteGraph: c<Release>('void TF_DeleteGraph(void *graph)'),
  TF_GraphToGraphDef: c<(graph: Pointer, buffer: Pointer, status: Pointer) => void>(
    'void TF_GraphToGraphDef(void *graph, void *buffer, void *status)',
  ),
  TF_GraphGetOpDef: c<(graph: Pointer, type: string, buffer: Pointer, status: Pointer) => void>(
    'void TF_GraphGetOpDef(void *graph, const char *type, void *buffer, void *status)',
  ),
  TF_GraphNumFunctions: c<(graph: Pointer) => number>('int TF_GraphNumFunctions(void *graph)'),
  TF_GraphOperationByName: c<(graph: Pointer, name: string) => Pointer | null>(
    'void *TF_GraphOperationByName(void *graph, const char *name)',
  ),
  TF_GraphNextOperation: c<(graph: Pointer, position: [number]) => Pointer | null>(
    'void *TF_GraphNextOperation(void *graph, _Inout_ size_t *position)',
  ),
  TF_GraphGetTensorNumDims: c<(graph: Pointer, output: NativeOutput, status: Pointer) => number>(
    'int TF_GraphGetTensorNumDims(void *graph, TF_Output output, void *status)',
  ),
  TF_GraphGetTensorShape: c<
    (...parameters: [graph: Pointer, output: NativeOutput, shape: number[], rank: number, status: Pointer]) => void
  >('void TF_GraphGetTensorShape(void *graph, TF_Output output, _Out_ int64_t *shape, int rank, void *status)'),
  TF_NewImportGraphDefOptions: c<() => Pointer>('void *TF_NewImportGraphDefOptions()'),
  TF_DeleteImportGraphDefOptions: c<Release>('void TF_DeleteImportGraphDefOptions(void *options)'),
  TF_ImportGraphDefOptionsSetPrefix: c<(options: Pointer, prefix: string) => void>(
    'void TF_ImportGraphDefOptionsSetPrefix(void *options, const char *prefix)',
  ),
  TF_GraphImportGraphDef: c<(graph: Pointer, buffer: Pointer, options: Pointer, status: Pointer) => void>(
    'void TF_GraphImportGraphDef(void *graph, void *buffer, void *options, void *status)',
  ),

  TF_NewOperation: c<(graph: Pointer, type: string, name: string) => Pointer>(
    'void *TF_NewOperation(void *graph, const char *type, const char *name)',
  ),
  TF_FinishOperation: c<(description: Pointer, status: Pointer) => Pointer | null>(
    'void *TF_FinishOperation(void *description, void *status)',
  ),
  TF_SetDevice: c<(description: Pointer, device: string) => void>(
    'void TF_SetDevice(void *description, const char *device)',
  ),
  TF_AddInput: c<(description: Pointer, input: NativeOutput) => void>(
    'void TF_AddInput(void *description, TF_Output input)',
  ),
  TF_AddInputList: c<(description: Pointer, inputs: readonly NativeOutput[], count: number) => void>(
    'void TF_AddInputList(void *description, const TF_Output *inputs, int count)',
  ),
  TF_AddControlInput: c<(description: Pointer, operation: Pointer) => void>(
    'void TF_AddControlInput(void *description, void *operation)',
  ),
  TF_ColocateWith: c<(description: Pointer, operation: Pointer) => void>(
    'void TF_ColocateWith(void *description, void *operation)',
  ),
  TF_SetAttrInt: c<(description: Pointer, name: string, value: number | bigint) => void>(
    'void TF_SetAttrInt(void *description, const char *name, int64_t value)',
  ),
  TF_SetAttrIntList: c<
    (description: Pointer, name: string, values: readonly (number | bigint)[], count: number) => void
  >('void TF_SetAttrIntList(void *description, const char *name, const int64_t *values, int count)'),
  TF_SetAttrFloat: c<(description: Pointer, name: string, value: number) => void>(
    'void TF_SetAttrFloat(void *description, const char *name, float value)',
  ),
  TF_SetAttrBool: c<(description: Pointer, name: string, value: number) => void>(
    'void TF_SetAttrBool(void *description, const char *name, unsigned char value)',
  ),
  TF_SetAttrString: c<(description: Pointer, name: string, value: Uint8Array | string, length: number) => void>(
    'void TF_SetAttrString(void *description, const char *name, const void *value, size_t length)',
  ),
  TF_SetAttrType: c<(description: Pointer, name: string, dtype: number) => void>(
    'void TF_SetAttrType(void *description, const char *name, int dtype)',
  ),
  TF_SetAttrTensor: c<(description: Pointer, name: string, tensor: Pointer, status: Pointer) => void>(
    'void TF_SetAttrTensor(void *description, const char *name, void *tensor, void *status)',
  ),
  TF_SetAttrValueProto: c<
    (...parameters: [description: Pointer, name: string, bytes: Uint8Array, length: number, status: Pointer]) => void
  >('void TF_SetAttrValueProto(void *description, const char *name, const void *bytes, size_t length, void *status)'),
  TF_OperationName: c<(operation: Pointer) => string>('const char *TF_OperationName(void *operation)'),
  TF_OperationOpType: c<(operation: Pointer) => string>('const char *TF_OperationOpType(void *operation)'),
  TF_OperationDevice: c<(operation: Pointer) => string>('const char *TF_OperationDevice(void *operation)'),
  TF_OperationNumInputs: c<(operation: Pointer) => number>('int TF_OperationNumInputs(void *operation)'),
  TF_OperationNumOutputs: c<(operation: Pointer) => number>('int TF_OperationNumOutputs(void *operation)'),
  TF_OperationOutputListLength: c<(operation: Pointer, name: string, status: Pointer) => number>(
    'int TF_OperationOutputListLength(void *operation, const char *name, void *status)',
  ),
  TF_OperationOutputType: c<(output: NativeOutput) => number>('int TF_OperationOutputType(TF_Output output)'),

  TF_OperationToNodeDef: c<(operation: Pointer, buffer: Pointer, status: Pointer) => void>(
    'void TF_OperationToNodeDef(void *operation, void *buffer, void *status)',
  ),
  TF_OperationInput: c<(input: NativeOutput) => NativeOutput>('TF_Output TF_OperationInput(TF_Output input)'),
  TF_OperationOutputNumConsumers: c<(output: NativeOutput) => number>(
    'int TF_OperationOutputNumConsumers(TF_Output output)',
  ),
  TF_OperationOutputConsumers: c<(output: NativeOutput, inputs: NativeOutput[], count: number) => number>(
    'int TF_OperationOutputConsumers(TF_Output output, _Out_ TF_Output *inputs, int count)',
  ),
  TF_UpdateEdge: c<(graph: Pointer, source: NativeOutput, input: NativeOutput, status: Pointer) => void>(
    'void TF_UpdateEdge(void *graph, TF_Output source, TF_Output input, void *status)',
  ),

  TF_AddGradientsWithPrefix: c<
    (
      ...parameters: [
        graph: Pointer,
        prefix: string,
        ys: readonly NativeOutput[],
        yCount: number,
        xs: readonly NativeOutput[],
        xCount: number,
        gradYs: readonly NativeOutput[] | null,
        status: Pointer,
        gradXs: NativeOutput[],
      ]
    ) => void
  >(
    'void TF_AddGradientsWithPrefix(void *graph, const char *prefix, const TF_Output *ys, int yCount, ' +
      'const TF_Output *xs, int xCount, const TF_Output *gradYs, void *status, _Out_ TF_Output *gradXs)',
  ),

  TF_GraphToFunction: c<
    (
      ...parameters: [
        graph: Pointer,
        name: string,
        appendHash: number,
        operationCount: number,
        operations: null,
        inputCount: number,
        inputs: readonly NativeOutput[],
        outputCount: number,
        outputs: readonly NativeOutput[],
        outputNames: null,
        options: null,
        description: null,
        status: Pointer,
      ]
    ) => Pointer | null
  >(
    'void *TF_GraphToFunction(void *graph, const char *name, uint8_t appendHash, int operationCount, ' +
      'void **operations, int inputCount, const TF_Output *inputs, int outputCount, const TF_Output *outputs, ' +
      'const char **outputNames, void *options, const char *description, void *status)',
  ),
  TF_GraphCopyFunction: c<(graph: Pointer, body: Pointer, gradient: null, status: Pointer) => void>(
    'void TF_GraphCopyFunction(void *graph, void *body, void *gradient, void *status)',
  ),
  TF_FunctionName: c<(body: Pointer) => string>('const char *TF_FunctionName(void *body)'),
  TF_DeleteFunction: c<Release>('void TF_DeleteFunction(void *body)'),

  TF_NewSessionOptions: c<() => Pointer>('void *TF_NewSessionOptions()'),
  TF_DeleteSessionOptions: c<Release>('void TF_DeleteSessionOptions(void *options)'),
  TF_SetTarget: c<(options: Pointer, target: string) => void>('void TF_SetTarget(void *options, const char *target)'),
  TF_SetConfig: c<(options: Pointer, bytes: Uint8Array, length: number, status: Pointer) => void>(
    'void TF_SetConfig(void *options, const void *bytes, size_t length, void *status)',
  ),
  TF_NewSession: c<(graph: Pointer, options: Pointer, status: Pointer) => Pointer | null>(
    'void *TF_NewSession(void *graph, void *options, void *status)',
  ),
  TF_LoadSessionFromSavedModel: c<
    (
      ...parameters: [
        options: Pointer,
        runOptions: null,
        directory: string,
        tags: readonly string[],
        tagCount: number,
        graph: Pointer,
        metaGraph: Pointer,
        status: Pointer,
      ]
    ) => Pointer | null
  >(
    'void *TF_LoadSessionFromSavedModel(void *options, void *runOptions, const char *directory, ' +
      'const char **tags, int tagCount, void *graph, void *metaGraph, void *status)',
  ),
  // It returns nothing; koffi 3.1.6 crashes on asynchronous functions that say so, and no one reads the int. The arrays
  // (TF_Output, TF_Tensor *, TF_Operation *) are laid out by the caller, once for many runs.
  TF_SessionRun: c<
    (
      ...parameters: [
        session: Pointer,
        runOptions: Pointer | null,
        inputs: Uint8Array,
        inputValues: BigUint64Array,
        inputCount: number,
        outputs: Uint8Array,
        outputValues: BigUint64Array,
        outputCount: number,
        targets: BigUint64Array,
        targetCount: number,
        runMetadata: Pointer | null,
        status: Pointer,
      ]
    ) => number
  >(
    'int TF_SessionRun(void *session, void *runOptions, const void *inputs, const void *inputValues, int inputCount, ' +
      'const void *outputs, void *outputValues, int outputCount, const void *targets, int targetCount, ' +
      'void *runMetadata, void *status)',
  ),
  TF_CloseSession: c<(session: Pointer, status: Pointer) => void>('void TF_CloseSession(void *session, void *status)'),
  TF_DeleteSession: c<(session: Pointer, status: Pointer) => void>(
    'void TF_DeleteSession(void *session, void *status)',
  ),
  TF_NewServer: c<(definition: Uint8Array, length: number, status: Pointer) => Pointer | null>(
    'void *TF_NewServer(const void *definition, size_t length, void *status)',
  ),
  TF_ServerStart: c<(server: Pointer, status: Pointer) => void>('void TF_ServerStart(void *server, void *status)'),
  TF_ServerTarget: c<(server: Pointer) => string>('const char *TF_ServerTarget(void *server)'),
  TF_SessionListDevices: c<(session: Pointer, status: Pointer) => Pointer | null>(
    'void *TF_SessionListDevices(void *session, void *status)',
  ),
  TF_DeleteDeviceList: c<Release>('void TF_DeleteDeviceList(void *list)'),
  TF_DeviceListCount: c<(list: Pointer) => number>('int TF_DeviceListCount(void *list)'),
  TF_DeviceListName: c<(list: Pointer, index: number, status: Pointer) => string>(
    'const char *TF_DeviceListName(void *list, int index, void *status)',
  ),
  TF_DeviceListType: c<(list: Pointer, index: number, status: Pointer) => string>(
    'const char *TF_DeviceListType(void *list, int index, void *status)',
  ),
  TF_DeviceListMemoryBytes: c<(list: Pointer, index: number, status: Pointer) => number>(
    'int64_t TF_DeviceListMemoryBytes(void *list, int index, void *status)',
  ),
} as const;
