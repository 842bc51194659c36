#include "operation-kernels.h"

#include <algorithm>
#include <numeric>

#include "matrix-unit.h"
#include "tensorflow/c/tf_datatype.h"
#include "thread-team.h"

namespace bluewaters {

void refuse(TF_Status* status, const std::string& why) { TF_SetStatus(status, TF_INVALID_ARGUMENT, why.c_str()); }

std::string attribute_text(TF_OpKernelConstruction* construction, const char* name, TF_Status* status) {
  int32_t unused = 0, length = 0;
  TF_OpKernelConstruction_GetAttrSize(construction, name, &unused, &length, status);
  if (TF_GetCode(status) != TF_OK) return "";
  std::string text(length, '\0');
  TF_OpKernelConstruction_GetAttrString(construction, name, &text[0], text.size(), status);
  return text;
}

void add_means(TF_OpDefinitionBuilder* definition) {
  TF_OpDefinitionBuilderAddAttr(definition, "threads: int >= 0 = 0");
  TF_OpDefinitionBuilderAddAttr(definition, "instructions: {'best', 'avx512', 'avx2', 'portable'} = 'best'");
}

void read_means(TF_OpKernelConstruction* construction, Means* means, TF_Status* status) {
  const std::string instructions = attribute_text(construction, "instructions", status);
  if (TF_GetCode(status) != TF_OK) return;
  means->instructions = instruction_set(instructions.c_str());
  if (means->instructions == nullptr) return refuse(status, "this processor has no " + instructions);
  means->narrow = instructions == "best" ? instruction_set("avx2") : nullptr;
  int64_t threads = 0;
  TF_OpKernelConstruction_GetAttrInt64(construction, "threads", &threads, status);
  means->threads = threads > 0 ? static_cast<int>(std::min<int64_t>(threads, 1024)) : available_processors();
}

void add_convolution_means(TF_OpDefinitionBuilder* definition) {
  add_means(definition);
  TF_OpDefinitionBuilderAddAttr(definition, "products: {'float32', 'bfloat16'} = 'float32'");
}

void read_convolution_means(TF_OpKernelConstruction* construction, Means* means, TF_Status* status) {
  read_means(construction, means, status);
  if (TF_GetCode(status) != TF_OK) return;
  means->unit = attribute_text(construction, "products", status) == "bfloat16" && has_matrix_unit();
}

bool has_four_axes(const OwnedTensor& tensor) {
  bool sound = TF_NumDims(tensor.get()) == 4;
  for (int axis = 0; sound && axis < 4; ++axis) sound = TF_Dim(tensor.get(), axis) <= INT32_MAX;
  return sound;
}

bool is_empty(const OwnedTensor& tensor) { return TF_TensorElementCount(tensor.get()) == 0; }

float* floats(const OwnedTensor& tensor) { return static_cast<float*>(TF_TensorData(tensor.get())); }

OwnedTensor allocate_like(TF_OpKernelContext* context, int index, const OwnedTensor& like, TF_Status* status) {
  if (TF_GetCode(status) != TF_OK) return nullptr;
  int64_t sizes[4] = {};
  const int axes = std::min(TF_NumDims(like.get()), 4);
  for (int axis = 0; axis < axes; ++axis) sizes[axis] = TF_Dim(like.get(), axis);
  return OwnedTensor(TF_AllocateOutput(context, index, TF_FLOAT, sizes, axes, TF_TensorByteSize(like.get()), status));
}

std::vector<int64_t> common_shape(TF_OpKernelContext* context, int count, const std::string& what, TF_Status* status) {
  std::vector<int64_t> common;
  for (int i = 0; i < count; ++i) {
    const OwnedTensor tensor = input(context, i, status);
    if (TF_GetCode(status) != TF_OK) return {};
    std::vector<int64_t> shape(TF_NumDims(tensor.get()));
    for (size_t axis = 0; axis < shape.size(); ++axis) shape[axis] = TF_Dim(tensor.get(), static_cast<int>(axis));
    if (i > 0 && shape != common) refuse(status, what + " must have one shape");
    common = shape;
  }
  return common;
}

OwnedTensor write_over(TF_OpKernelContext* context, int count, const std::vector<int64_t>& shape, TF_Status* status) {
  std::vector<int> candidates(count);
  std::iota(candidates.begin(), candidates.end(), 0);
  return OwnedTensor(TF_ForwardInputOrAllocateOutput(context, candidates.data(), count, 0, shape.data(),
                                                     static_cast<int>(shape.size()), nullptr, status));
}

void infer_first_shape(TF_ShapeInferenceContext* context, TF_Status* status) {
  TF_ShapeHandle* shape = TF_NewShapeHandle();
  TF_ShapeInferenceContextGetInput(context, 0, shape, status);
  if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextSetOutput(context, 0, shape, status);
  TF_DeleteShapeHandle(shape);
}

OwnedTensor allocate_workspace(TF_OpKernelContext* context, int64_t count, TF_Status* status) {
  TF_AllocatorAttributes attributes{TF_ALLOCATOR_ATTRIBUTES_STRUCT_SIZE, 1};
  return OwnedTensor(TF_AllocateTemp(context, TF_FLOAT, &count, 1, &attributes, status));
}

}  // namespace bluewaters
