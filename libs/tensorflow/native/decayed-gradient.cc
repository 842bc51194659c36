/**
 * An operation of our own, BluewatersDecayedGradient: a gradient with the decay of its weights, `gradient + decay * weights`,
 * float32, rounded as TensorFlow's two operations round it. It writes over the gradient, and needs no memory for the product,
 * which for the dense layer of a large network is as much as all of its pictures' features.
 */
#include <algorithm>
#include <vector>

#include "arithmetic.h"
#include "operation-kernels.h"
#include "tensorflow/c/ops.h"
#include "tensors.h"
#include "thread-team.h"

#include "rounded-apart.h"  // The last.

namespace bluewaters {
namespace {

constexpr const char* kName = "BluewatersDecayedGradient";

/** Floats of a task. */
constexpr int64_t kTask = 1 << 17;

/** What a kernel was made with. */
struct Settings {
  float decay;
  Means means;
};

void read_settings(TF_OpKernelConstruction* construction, Settings* settings, TF_Status* status) {
  TF_OpKernelConstruction_GetAttrFloat(construction, "decay", &settings->decay, status);
  if (TF_GetCode(status) == TF_OK) read_means(construction, &settings->means, status);
}

void add_decayed(const float* __restrict weights, float decay, int64_t count, float* __restrict to) {
  for (int64_t i = 0; i < count; ++i) to[i] += decay * weights[i];
}

void compute(const Settings& settings, TF_OpKernelContext* context, TF_Status* status) {
  const std::vector<int64_t> shape = common_shape(context, 2, "a gradient and its weights", status);
  if (TF_GetCode(status) != TF_OK) return;
  const OwnedTensor result = write_over(context, 1, shape, status);
  if (TF_GetCode(status) != TF_OK) return;
  const OwnedTensor gradient = input(context, 0, status), weights = input(context, 1, status);
  if (TF_GetCode(status) != TF_OK || is_empty(result)) return;
  const Cut tasks(TF_TensorElementCount(result.get()), kTask, kLine);
  share_tasks(tasks.parts(), settings.means.threads, [&](int64_t task) {
    const int64_t begin = tasks.begin(task), count = tasks.size(task);
    const float* const from = floats(gradient) + begin;
    float* const to = floats(result) + begin;
    if (from != to) std::copy(from, from + count, to);
    add_decayed(floats(weights) + begin, settings.decay, count, to);
  });
}

/** Runs while TF_LoadLibrary loads this file. */
__attribute__((constructor)) void register_operation() {
  TF_OpDefinitionBuilder* definition = TF_NewOpDefinitionBuilder(kName);
  TF_OpDefinitionBuilderAddInput(definition, "gradient: float");
  TF_OpDefinitionBuilderAddInput(definition, "weights: float");
  TF_OpDefinitionBuilderAddOutput(definition, "decayed: float");
  TF_OpDefinitionBuilderAddAttr(definition, "decay: float");
  add_means(definition);
  TF_OpDefinitionBuilderSetShapeInferenceFunction(definition, infer_first_shape);
  Kernel<Settings, read_settings, compute>::add(kName, definition);
}

}  // namespace
}  // namespace bluewaters
