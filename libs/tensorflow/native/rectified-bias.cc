/**
 * Operations of our own, BluewatersRectifiedBias and BluewatersRectifiedBiasGradient: a bias for each channel with the
 * rectifier behind it, BiasAdd and Relu in one, and what ReluGrad and BiasAddGrad make of what arrives at its result. Each
 * goes over a tensor once where those go over it twice, and writes over what it reads where nobody else needs that.
 */
#include <string.h>

#include <algorithm>
#include <vector>

#include "arithmetic.h"
#include "operation-kernels.h"
#include "thread-team.h"

namespace bluewaters {
namespace {

/** Floats of a chunk, which the second cache holds. */
constexpr int64_t kChunk = 1 << 15;

/** Rows of channels, cut into chunks. Not for empty tensors. */
struct Rows {
  int64_t channels;
  Cut chunks;
  explicit Rows(const std::vector<int64_t>& shape, int64_t count)
      : channels(shape.back()), chunks(count / channels, std::max<int64_t>(1, kChunk / channels), 1) {}
  int64_t begin(int64_t chunk) const { return chunks.begin(chunk) * channels; }
};

void refuse_scalars(const std::vector<int64_t>& shape, TF_Status* status) {
  if (TF_GetCode(status) == TF_OK && shape.empty()) refuse(status, "it must have an axis of channels");
}

/** Inputs: x, and a bias for each of its last axis. */
struct Forward {
  static constexpr const char* kName = "BluewatersRectifiedBias";
  static constexpr const char* kInputs[] = {"x: float", "bias: float"};
  static constexpr const char* kOutputs[] = {"y: float"};

  static void compute(const Means& means, TF_OpKernelContext* context, TF_Status* status) {
    const std::vector<int64_t> shape = common_shape(context, 1, "x", status);
    refuse_scalars(shape, status);
    if (TF_GetCode(status) != TF_OK) return;
    const OwnedTensor y = write_over(context, 1, shape, status);
    const OwnedTensor x = input(context, 0, status), bias = input(context, 1, status);
    if (TF_GetCode(status) != TF_OK) return;
    if (TF_TensorElementCount(bias.get()) != shape.back()) return refuse(status, "there must be a bias for each channel");
    if (is_empty(y)) return;
    const Rows rows(shape, TF_TensorElementCount(y.get()));
    const std::vector<float> ones(rows.channels, 1.0f);
    share_tasks(rows.chunks.parts(), means.threads, [&](int64_t chunk) {
      const int64_t at = rows.begin(chunk);
      means.instructions->statistics.affine(floats(x) + at, nullptr, rows.chunks.size(chunk), rows.channels, ones.data(),
                                            floats(bias), 0, false, floats(y) + at);
    });
  }

  static void infer_shape(TF_ShapeInferenceContext* context, TF_Status* status) { infer_first_shape(context, status); }
};

/** Inputs: what arrives at y, and y as {@link Forward} gave it. */
struct Backward {
  static constexpr const char* kName = "BluewatersRectifiedBiasGradient";
  static constexpr const char* kInputs[] = {"arriving: float", "y: float"};
  static constexpr const char* kOutputs[] = {"by_x: float", "by_bias: float"};

  static void compute(const Means& means, TF_OpKernelContext* context, TF_Status* status) {
    const std::vector<int64_t> shape = common_shape(context, 2, "the gradient and the rectifier's result", status);
    refuse_scalars(shape, status);
    if (TF_GetCode(status) != TF_OK) return;
    const int64_t channels = shape.back();
    const OwnedTensor by_x = write_over(context, 1, shape, status);
    if (TF_GetCode(status) != TF_OK) return;
    const OwnedTensor by_bias(
        TF_AllocateOutput(context, 1, TF_FLOAT, &channels, 1, channels * sizeof(float), status));
    if (TF_GetCode(status) != TF_OK) return;
    const OwnedTensor arriving = input(context, 0, status), y = input(context, 1, status);
    if (TF_GetCode(status) != TF_OK) return;
    if (is_empty(by_x)) return clear(by_bias);
    const Rows rows(shape, TF_TensorElementCount(by_x.get()));
    const OwnedTensor workspace = allocate_workspace(context, rows.chunks.parts() * channels, status);
    if (TF_GetCode(status) != TF_OK) return;
    float* const sums = floats(workspace);
    share_tasks(rows.chunks.parts(), means.threads, [&](int64_t chunk) {
      const int64_t at = rows.begin(chunk);
      means.instructions->statistics.rectify(floats(arriving) + at, floats(y) + at, rows.chunks.size(chunk), channels,
                                             floats(by_x) + at, sums + chunk * channels);
    });
    add_up(sums, rows.chunks.parts(), by_bias, channels);
  }

  static void clear(const OwnedTensor& tensor) {
    if (!is_empty(tensor)) memset(floats(tensor), 0, TF_TensorByteSize(tensor.get()));
  }

  /** In the order of chunks, so that it is the same for any number of threads. */
  static void add_up(const float* sums, int64_t chunks, const OwnedTensor& by_bias, int64_t channels) {
    for (int64_t channel = 0; channel < channels; ++channel) {
      double sum = 0;
      for (int64_t chunk = 0; chunk < chunks; ++chunk) sum += sums[chunk * channels + channel];
      floats(by_bias)[channel] = static_cast<float>(sum);
    }
  }

  static void infer_shape(TF_ShapeInferenceContext* context, TF_Status* status) {
    TF_ShapeHandle* const shape = TF_NewShapeHandle();
    TF_ShapeInferenceContextGetInput(context, 0, shape, status);
    if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextWithRankAtLeast(context, shape, 1, shape, status);
    if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextSetOutput(context, 0, shape, status);
    if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextSubshape(context, shape, -1, INT64_MAX, shape, status);
    if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextSetOutput(context, 1, shape, status);
    TF_DeleteShapeHandle(shape);
  }
};

template <class Direction>
void register_direction() {
  TF_OpDefinitionBuilder* definition = define<Direction>();
  TF_OpDefinitionBuilderSetShapeInferenceFunction(definition, Direction::infer_shape);
  Kernel<Means, read_means, Direction::compute>::add(Direction::kName, definition);
}

/** Runs while TF_LoadLibrary loads this file. */
__attribute__((constructor)) void register_operations() {
  register_direction<Forward>();
  register_direction<Backward>();
}

}  // namespace
}  // namespace bluewaters
