/**
 * Two operations of our own, BluewatersLocalNorm and BluewatersLocalNormGradient: what LRN and LRNGrad compute, for float32
 * and the exponent 3/4 that networks have it with (Krizhevsky et al. 2012, section 3.3): two square roots instead of a
 * power, and no product with a matrix of bands.
 */
#include <string.h>

#include <algorithm>
#include <vector>

#include "arithmetic.h"
#include "operation-kernels.h"
#include "thread-scratch.h"
#include "thread-team.h"

namespace bluewaters {
namespace {

/** Floats of a task: what it reads and writes fits the second cache. */
constexpr int64_t kTask = 1 << 15;

/** What a kernel was made with. */
struct Settings {
  LocalWindow window;
  Means means;
};

void read_settings(TF_OpKernelConstruction* construction, Settings* settings, TF_Status* status) {
  LocalWindow& window = settings->window;
  TF_OpKernelConstruction_GetAttrInt64(construction, "radius", &window.radius, status);
  if (TF_GetCode(status) == TF_OK) TF_OpKernelConstruction_GetAttrFloat(construction, "bias", &window.bias, status);
  if (TF_GetCode(status) == TF_OK) TF_OpKernelConstruction_GetAttrFloat(construction, "alpha", &window.alpha, status);
  if (TF_GetCode(status) == TF_OK) read_means(construction, &settings->means, status);
}

/** Inputs that all have four axes of the same length. */
std::vector<OwnedTensor> inputs_of(TF_OpKernelContext* context, TF_Status* status) {
  std::vector<OwnedTensor> all;
  for (int i = 0; i < TF_NumInputs(context) && TF_GetCode(status) == TF_OK; ++i) all.push_back(input(context, i, status));
  if (TF_GetCode(status) != TF_OK) return all;
  bool sound = has_four_axes(all[0]);
  for (const OwnedTensor& one : all) {
    sound = sound && TF_NumDims(one.get()) == 4;
    for (int axis = 0; sound && axis < 4; ++axis) sound = TF_Dim(one.get(), axis) == TF_Dim(all[0].get(), axis);
  }
  if (!sound) refuse(status, "pictures must have 4 axes of fewer than 2^31, and all be of one shape");
  return all;
}

/** Inputs: x. */
struct Forward {
  static constexpr const char* kName = "BluewatersLocalNorm";
  static constexpr const char* kInputs[] = {"x: float"};
  static constexpr const char* kOutputs[] = {"y: float"};

  static void compute(const Settings& settings, const std::vector<OwnedTensor>& in, int64_t begin, int64_t rows,
                      int64_t channels, float* scratch, float* y) {
    const LocalNorms& use = settings.means.instructions->local_norms;
    use.normalise(floats(in[0]) + begin, rows, channels, settings.window, scratch, y + begin);
  }
};

/** Inputs: what arrives, x, and y as {@link Forward} gave it. */
struct Backward {
  static constexpr const char* kName = "BluewatersLocalNormGradient";
  static constexpr const char* kInputs[] = {"arriving: float", "x: float", "y: float"};
  static constexpr const char* kOutputs[] = {"by_x: float"};

  static void compute(const Settings& settings, const std::vector<OwnedTensor>& in, int64_t begin, int64_t rows,
                      int64_t channels, float* scratch, float* by_x) {
    const LocalSlopes by{floats(in[0]) + begin, floats(in[1]) + begin, floats(in[2]) + begin};
    settings.means.instructions->local_norms.derive(by, rows, channels, settings.window, scratch, by_x + begin);
  }
};

template <class Direction>
void compute(const Settings& settings, TF_OpKernelContext* context, TF_Status* status) {
  const std::vector<OwnedTensor> inputs = inputs_of(context, status);
  if (TF_GetCode(status) != TF_OK) return;
  const OwnedTensor output = allocate_like(context, 0, inputs[0], status);
  if (TF_GetCode(status) != TF_OK || is_empty(output)) return;
  const int64_t channels = TF_Dim(output.get(), 3);
  // A channel has no more neighbours than there are channels.
  Settings used = settings;
  used.window.radius = std::min(settings.window.radius, channels - 1);
  const Cut tasks(TF_TensorElementCount(output.get()) / channels, std::max<int64_t>(1, kTask / channels), 1);
  const int64_t padded = channels + 2 * used.window.radius;
  share_tasks(tasks.parts(), settings.means.threads, [&](int64_t task) {
    float* const scratch = thread_scratch(padded + 2 * channels);
    std::fill(scratch, scratch + padded, 0.0f);
    Direction::compute(used, inputs, tasks.begin(task) * channels, tasks.size(task), channels, scratch, floats(output));
  });
}

void infer_shape(TF_ShapeInferenceContext* context, TF_Status* status) {
  TF_ShapeHandle* shape = TF_NewShapeHandle();
  TF_ShapeInferenceContextGetInput(context, 0, shape, status);
  if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextWithRank(context, shape, 4, shape, status);
  if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextSetOutput(context, 0, shape, status);
  TF_DeleteShapeHandle(shape);
}

template <class Direction>
void register_direction() {
  TF_OpDefinitionBuilder* definition = define<Direction>();
  TF_OpDefinitionBuilderAddAttr(definition, "radius: int >= 0");
  TF_OpDefinitionBuilderAddAttr(definition, "bias: float");
  TF_OpDefinitionBuilderAddAttr(definition, "alpha: float");
  TF_OpDefinitionBuilderSetShapeInferenceFunction(definition, infer_shape);
  Kernel<Settings, read_settings, compute<Direction>>::add(Direction::kName, definition);
}

/** Runs while TF_LoadLibrary loads this file. */
__attribute__((constructor)) void register_operations() {
  register_direction<Forward>();
  register_direction<Backward>();
}

}  // namespace
}  // namespace bluewaters
