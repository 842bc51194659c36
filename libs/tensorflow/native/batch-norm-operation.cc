/**
 * Operations of our own, BluewatersBatchNorm, BluewatersBatchNormSum and BluewatersBatchNormGradient: what FusedBatchNormV3
 * and its gradient compute in training, for float32 with channels last, with what is added to the result and the rectifier
 * behind it where there are such.
 */
#include <string.h>

#include <algorithm>
#include <iterator>
#include <vector>

#include "batch-norm.h"
#include "operation-kernels.h"

namespace bluewaters {
namespace {

/** What a kernel was made with. */
struct Settings {
  float epsilon;
  bool rectify;
  Means means;
};

void read_settings(TF_OpKernelConstruction* construction, Settings* settings, TF_Status* status) {
  TF_Bool rectify = 0;
  TF_OpKernelConstruction_GetAttrFloat(construction, "epsilon", &settings->epsilon, status);
  if (TF_GetCode(status) == TF_OK) TF_OpKernelConstruction_GetAttrBool(construction, "rectify", &rectify, status);
  settings->rectify = rectify != 0;
  if (TF_GetCode(status) == TF_OK) read_means(construction, &settings->means, status);
}

/** Inputs: the first ones of the shape of `x`, four axes; the rest by channel. */
class Inputs {
 public:
  Inputs(TF_OpKernelContext* context, int like_x, TF_Status* status) {
    const int count = TF_NumInputs(context);
    for (int i = 0; i < count && TF_GetCode(status) == TF_OK; ++i) all_.push_back(input(context, i, status));
    if (TF_GetCode(status) != TF_OK) return;
    bool sound = has_four_axes(all_[0]);
    channels_ = sound ? TF_Dim(all_[0].get(), 3) : 0;
    for (int i = 1; sound && i < count; ++i) {
      const TF_Tensor* const tensor = all_[i].get();
      const int axes = i < like_x ? 4 : 1;
      sound = TF_NumDims(tensor) == axes;
      for (int axis = 0; sound && i < like_x && axis < 4; ++axis) sound = TF_Dim(tensor, axis) == TF_Dim(all_[0].get(), axis);
      if (sound && i >= like_x) sound = TF_Dim(tensor, 0) == channels_;
    }
    if (!sound) refuse(status, "x must have 4 axes of fewer than 2^31, all else its shape or the length of the last axis");
    rows_ = channels_ > 0 ? TF_TensorElementCount(all_[0].get()) / channels_ : 0;
  }

  const OwnedTensor& operator[](int index) const { return all_[index]; }
  int64_t rows() const { return rows_; }
  int64_t channels() const { return channels_; }

 private:
  std::vector<OwnedTensor> all_;
  int64_t rows_ = 0, channels_ = 0;
};

/** Outputs: the first of the shape of `x`, the others of that of an input by channel. */
class Outputs {
 public:
  Outputs(TF_OpKernelContext* context, const Inputs& inputs, int by_channel, TF_Status* status) {
    const int count = TF_NumOutputs(context);
    for (int i = 0; i < count; ++i) all_.push_back(allocate_like(context, i, inputs[i == 0 ? 0 : by_channel], status));
  }

  float* operator[](int index) const { return floats(all_[index]); }
  /** For no rows at all. */
  void clear() const {
    for (const OwnedTensor& one : all_) memset(floats(one), 0, TF_TensorByteSize(one.get()));
  }

 private:
  std::vector<OwnedTensor> all_;
};

void normalise(const Settings& settings, const Inputs& in, const float* beside, const OwnedTensor& scale,
               const OwnedTensor& offset, const Outputs& out, float* workspace) {
  const BatchNorm norm{in.rows(),     in.channels(),  settings.epsilon, settings.rectify, floats(in[0]), beside,
                       floats(scale), floats(offset), out[0],           out[1],           out[3]};
  normalise(norm, settings.means, workspace);
  const auto rows = static_cast<float>(in.rows());
  const float factor = rows / std::max(rows - 1, 1.0f);
  for (int64_t channel = 0; channel < in.channels(); ++channel) out[2][channel] = out[3][channel] * factor;
}

/** Inputs: x, scale, offset. Outputs: y, mean, variance times n / (n - 1), variance. */
struct Forward {
  static constexpr const char* kName = "BluewatersBatchNorm";
  static constexpr int kLikeX = 1;
  static constexpr const char* kInputs[] = {"x: float", "scale: float", "offset: float"};
  static constexpr const char* kOutputs[] = {"y: float", "mean: float", "unbiased_variance: float", "variance: float"};

  static void compute(const Settings& settings, const Inputs& in, const Outputs& out, float* workspace) {
    normalise(settings, in, nullptr, in[1], in[2], out, workspace);
  }
};

/** The same with what is added before the rectifier: the other way of a residual network. */
struct ForwardSum {
  static constexpr const char* kName = "BluewatersBatchNormSum";
  static constexpr int kLikeX = 2;
  static constexpr const char* kInputs[] = {"x: float", "beside: float", "scale: float", "offset: float"};
  static constexpr const char* kOutputs[] = {"y: float", "mean: float", "unbiased_variance: float", "variance: float"};

  static void compute(const Settings& settings, const Inputs& in, const Outputs& out, float* workspace) {
    normalise(settings, in, floats(in[1]), in[2], in[3], out, workspace);
  }
};

/** Inputs: x, what arrives, scale, offset, mean, variance. */
struct Backward {
  static constexpr const char* kName = "BluewatersBatchNormGradient";
  static constexpr int kLikeX = 2;
  static constexpr const char* kInputs[] = {"x: float",      "arriving: float", "scale: float",
                                            "offset: float", "mean: float",     "variance: float"};
  static constexpr const char* kOutputs[] = {"by_x: float", "by_scale: float", "by_offset: float"};

  static void compute(const Settings& settings, const Inputs& in, const Outputs& out, float* workspace) {
    derive({in.rows(), in.channels(), settings.epsilon, settings.rectify, floats(in[1]), floats(in[0]), floats(in[2]),
            floats(in[3]), floats(in[4]), floats(in[5]), out[0], out[1], out[2]},
           settings.means, workspace);
  }
};

template <class Direction>
void compute(const Settings& settings, TF_OpKernelContext* context, TF_Status* status) {
  const Inputs inputs(context, Direction::kLikeX, status);
  if (TF_GetCode(status) != TF_OK) return;
  const Outputs outputs(context, inputs, Direction::kLikeX, status);
  if (TF_GetCode(status) != TF_OK) return;
  if (inputs.rows() == 0) return outputs.clear();
  const OwnedTensor workspace =
      allocate_workspace(context, batch_norm_workspace(inputs.rows(), inputs.channels()), status);
  if (TF_GetCode(status) != TF_OK) return;
  Direction::compute(settings, inputs, outputs, floats(workspace));
}

template <class Direction>
void infer_shape(TF_ShapeInferenceContext* context, TF_Status* status) {
  TF_ShapeHandle* shape = TF_NewShapeHandle();
  const int outputs = static_cast<int>(std::size(Direction::kOutputs));
  for (int i = 0; i < outputs && TF_GetCode(status) == TF_OK; ++i) {
    TF_ShapeInferenceContextGetInput(context, i == 0 ? 0 : Direction::kLikeX, shape, status);
    if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextWithRank(context, shape, i == 0 ? 4 : 1, shape, status);
    if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextSetOutput(context, i, shape, status);
  }
  TF_DeleteShapeHandle(shape);
}

template <class Direction>
void register_direction() {
  TF_OpDefinitionBuilder* definition = define<Direction>();
  TF_OpDefinitionBuilderAddAttr(definition, "epsilon: float");
  TF_OpDefinitionBuilderAddAttr(definition, "rectify: bool = false");
  TF_OpDefinitionBuilderSetShapeInferenceFunction(definition, infer_shape<Direction>);
  Kernel<Settings, read_settings, compute<Direction>>::add(Direction::kName, definition);
}

/** Runs while TF_LoadLibrary loads this file. */
__attribute__((constructor)) void register_operations() {
  register_direction<Forward>();
  register_direction<ForwardSum>();
  register_direction<Backward>();
}

}  // namespace
}  // namespace bluewaters
