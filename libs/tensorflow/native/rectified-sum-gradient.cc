/**
 * An operation of our own, BluewatersRectifiedSumGradient: the sum of two gradients that arrive at the result `y` of a
 * rectifier, as far as it lets them through; AddN and ReluGrad in one. It writes over one of the gradients where nobody else
 * needs that.
 */
#include <vector>

#include "arithmetic.h"
#include "operation-kernels.h"
#include "tensorflow/c/ops.h"
#include "tensors.h"
#include "thread-team.h"

namespace bluewaters {
namespace {

constexpr const char* kName = "BluewatersRectifiedSumGradient";

/** Floats of a task. */
constexpr int64_t kTask = 1 << 16;

void compute(const Means& means, TF_OpKernelContext* context, TF_Status* status) {
  const std::vector<int64_t> shape = common_shape(context, 3, "both gradients and the rectifier's result", status);
  if (TF_GetCode(status) != TF_OK) return;
  const OwnedTensor result = write_over(context, 2, shape, status);
  if (TF_GetCode(status) != TF_OK) return;
  const OwnedTensor a = input(context, 0, status), b = input(context, 1, status), y = input(context, 2, status);
  if (TF_GetCode(status) != TF_OK || is_empty(result)) return;
  const Cut tasks(TF_TensorElementCount(result.get()), kTask, kLine);
  share_tasks(tasks.parts(), means.threads, [&](int64_t task) {
    const int64_t at = tasks.begin(task);
    means.instructions->statistics.rectified_sum(floats(a) + at, floats(b) + at, floats(y) + at, tasks.size(task),
                                                 floats(result) + at);
  });
}

/** Runs while TF_LoadLibrary loads this file. */
__attribute__((constructor)) void register_operation() {
  TF_OpDefinitionBuilder* definition = TF_NewOpDefinitionBuilder(kName);
  TF_OpDefinitionBuilderAddInput(definition, "a: float");
  TF_OpDefinitionBuilderAddInput(definition, "b: float");
  TF_OpDefinitionBuilderAddInput(definition, "y: float");
  TF_OpDefinitionBuilderAddOutput(definition, "gradient: float");
  add_means(definition);
  TF_OpDefinitionBuilderSetShapeInferenceFunction(definition, infer_first_shape);
  Kernel<Means, read_means, compute>::add(kName, definition);
}

}  // namespace
}  // namespace bluewaters
