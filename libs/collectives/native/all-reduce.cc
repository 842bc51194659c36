/**
 * An operation of our own: some tensors, summed or averaged over all ranks. It waits until all ranks have come, so it
 * occupies one of the session's threads for operations; whoever builds a graph chains those of one lane by control
 * inputs, which also gives every rank the same order. (TensorFlow's kernels that give their result later, through a
 * `done` call, cannot be had through its C interface: the call is gone once `compute` has returned.)
 */
#include <limits.h>
#include <string.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "ranks.h"
#include "tensorflow/c/kernels.h"
#include "tensorflow/c/ops.h"
#include "tensorflow/c/tf_status.h"
#include "tensorflow/c/tf_tensor.h"

namespace bluewaters {
namespace {

struct DeleteTensor {
  void operator()(TF_Tensor* tensor) const { TF_DeleteTensor(tensor); }
};
using OwnedTensor = std::unique_ptr<TF_Tensor, DeleteTensor>;

struct DeleteStatus {
  void operator()(TF_Status* status) const { TF_DeleteStatus(status); }
};
using OwnedStatus = std::unique_ptr<TF_Status, DeleteStatus>;

float* floats(const OwnedTensor& tensor) { return static_cast<float*>(TF_TensorData(tensor.get())); }

int64_t count_of(const OwnedTensor& tensor) { return TF_TensorElementCount(tensor.get()); }

std::vector<int64_t> shape_of(const OwnedTensor& tensor) {
  std::vector<int64_t> shape(TF_NumDims(tensor.get()));
  for (size_t axis = 0; axis < shape.size(); ++axis) shape[axis] = TF_Dim(tensor.get(), static_cast<int>(axis));
  return shape;
}

/** One operation of a graph. */
class AllReduce {
 public:
  AllReduce(Lane lane, bool average) : lane_(lane), average_(average) {}

  void compute(TF_OpKernelContext* context, TF_Status* status) {
    std::vector<OwnedTensor> inputs(TF_NumInputs(context));
    int64_t total = 0;
    for (size_t i = 0; i < inputs.size(); ++i) {
      TF_Tensor* input = nullptr;
      TF_GetInput(context, static_cast<int>(i), &input, status);
      if (TF_GetCode(status) != TF_OK) return;
      inputs[i].reset(input);
      total += count_of(inputs[i]);
    }
    if (total > INT_MAX) return TF_SetStatus(status, TF_INVALID_ARGUMENT, "more than 2^31 numbers in one all-reduce");
    if (inputs.size() == 1) return reduce_one(context, std::move(inputs[0]), status);
    reduce_together(context, inputs, total, status);
  }

 private:
  /** In the memory of its input, where nobody else needs that. */
  void reduce_one(TF_OpKernelContext* context, OwnedTensor input, TF_Status* status) {
    const std::vector<int64_t> shape = shape_of(input);
    const int candidate = 0;
    int forwarded = -1;
    const OwnedTensor output(TF_ForwardInputOrAllocateOutput(context, &candidate, 1, 0, shape.data(),
                                                             static_cast<int>(shape.size()), &forwarded, status));
    if (TF_GetCode(status) != TF_OK) return;
    const int64_t count = count_of(input);
    if (forwarded != 0) memcpy(floats(output), floats(input), count * sizeof(float));
    if (!reduce(floats(output), count, status)) return;
    const float factor = scale();
    if (factor != 1) scaled_copy(floats(output), floats(output), count, factor);
  }

  /** Many small tensors as one: what a message costs is mostly its start. */
  void reduce_together(TF_OpKernelContext* context, const std::vector<OwnedTensor>& inputs, int64_t total,
                       TF_Status* status) {
    std::lock_guard<std::mutex> lock(mutex_);  // two runs of one session may be here
    together_.resize(total);
    float* place = together_.data();
    for (const OwnedTensor& input : inputs) {
      memcpy(place, floats(input), count_of(input) * sizeof(float));
      place += count_of(input);
    }
    if (!reduce(together_.data(), total, status)) return;
    place = together_.data();
    for (size_t i = 0; i < inputs.size(); ++i) {
      const std::vector<int64_t> shape = shape_of(inputs[i]);
      const int64_t count = count_of(inputs[i]);
      const OwnedTensor output(TF_AllocateOutput(context, static_cast<int>(i), TF_FLOAT, shape.data(),
                                                 static_cast<int>(shape.size()), count * sizeof(float), status));
      if (TF_GetCode(status) != TF_OK) return;
      scaled_copy(place, floats(output), count, scale());
      place += count;
    }
  }

  bool reduce(float* values, int64_t count, TF_Status* status) {
    std::string why;
    if (all_reduce(values, count, lane_, &why)) return true;
    TF_SetStatus(status, TF_FAILED_PRECONDITION, why.c_str());
    return false;
  }

  float scale() const { return average_ ? 1.0f / static_cast<float>(world_size()) : 1.0f; }

  static void scaled_copy(const float* from, float* to, int64_t count, float factor) {
    for (int64_t i = 0; i < count; ++i) to[i] = from[i] * factor;
  }

  const Lane lane_;
  const bool average_;
  std::mutex mutex_;
  std::vector<float> together_;
};

void* create(TF_OpKernelConstruction* construction) {
  const OwnedStatus status(TF_NewStatus());
  int32_t lane = 0;
  TF_Bool average = 0;
  TF_OpKernelConstruction_GetAttrInt32(construction, "lane", &lane, status.get());
  if (TF_GetCode(status.get()) == TF_OK) {
    TF_OpKernelConstruction_GetAttrBool(construction, "average", &average, status.get());
  }
  if (TF_GetCode(status.get()) == TF_OK && (lane < 0 || lane >= kLanes)) {
    TF_SetStatus(status.get(), TF_INVALID_ARGUMENT, "there is no such lane");
  }
  if (TF_GetCode(status.get()) != TF_OK) TF_OpKernelConstruction_Failure(construction, status.get());
  return new AllReduce(static_cast<Lane>(lane), average != 0);
}

void compute(void* kernel, TF_OpKernelContext* context) {
  const OwnedStatus status(TF_NewStatus());
  static_cast<AllReduce*>(kernel)->compute(context, status.get());
  if (TF_GetCode(status.get()) != TF_OK) TF_OpKernelContext_Failure(context, status.get());
}

void destroy(void* kernel) { delete static_cast<AllReduce*>(kernel); }

/** Each output has the shape of its input. */
void same_shapes(TF_ShapeInferenceContext* context, TF_Status* status) {
  const int64_t inputs = TF_ShapeInferenceContextNumInputs(context);
  TF_ShapeHandle* const shape = TF_NewShapeHandle();
  for (int i = 0; i < inputs && TF_GetCode(status) == TF_OK; ++i) {
    TF_ShapeInferenceContextGetInput(context, i, shape, status);
    if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextSetOutput(context, i, shape, status);
  }
  TF_DeleteShapeHandle(shape);
}

/** Runs while TF_LoadLibrary loads this file. */
__attribute__((constructor)) void register_operation() {
  TF_OpDefinitionBuilder* const definition = TF_NewOpDefinitionBuilder("BluewatersAllReduce");
  TF_OpDefinitionBuilderAddAttr(definition, "N: int >= 1");
  TF_OpDefinitionBuilderAddAttr(definition, "lane: int");
  TF_OpDefinitionBuilderAddAttr(definition, "average: bool");
  TF_OpDefinitionBuilderAddInput(definition, "values: N * float");
  TF_OpDefinitionBuilderAddOutput(definition, "reduced: N * float");
  TF_OpDefinitionBuilderSetIsStateful(definition, true);
  TF_OpDefinitionBuilderSetShapeInferenceFunction(definition, same_shapes);
  const OwnedStatus status(TF_NewStatus());
  TF_RegisterOpDefinition(definition, status.get());
  if (TF_GetCode(status.get()) != TF_OK) return;
  TF_RegisterKernelBuilder("BluewatersAllReduce",
                           TF_NewKernelBuilder("BluewatersAllReduce", "CPU", create, compute, destroy), status.get());
}

}  // namespace
}  // namespace bluewaters
