/**
 * An operation of our own, BluewatersMomentum: the decay of weights, their velocity and their change in one pass over them,
 * float32, rounded as TensorFlow's operations round each of them. Those go over the weights, the velocity or the gradient nine
 * times, this one five times; the dense layers of AlexNet have 235 MB of each.
 */
#include "arithmetic.h"
#include "momentum.h"
#include "operation-kernels.h"
#include "thread-team.h"

namespace bluewaters {
namespace {

constexpr const char* kName = "BluewatersMomentum";

/** Floats of a task. */
constexpr int64_t kTask = 1 << 17;

void compute(const Momentum& momentum, TF_OpKernelContext* context, TF_Status* status) {
  const MomentumVariables variables(context, status);
  if (TF_GetCode(status) != TF_OK) return;
  const OwnedTensor rate = input(context, kRate, status), gradient = input(context, kFirstOwnInput, status);
  if (TF_GetCode(status) != TF_OK) return;
  const int64_t count = TF_TensorElementCount(gradient.get());
  if (!variables.are(count) || TF_TensorElementCount(rate.get()) != 1) {
    return refuse(status, "weights, velocity and gradient must be as many float32, and the rate one");
  }
  if (count == 0) return;
  const Cut tasks(count, kTask, kLine);
  share_tasks(tasks.parts(), momentum.means.threads, [&](int64_t task) {
    const int64_t begin = tasks.begin(task);
    change(momentum, *floats(rate), tasks.size(task), floats(gradient) + begin, floats(variables.velocity) + begin,
           floats(variables.weights) + begin);
  });
}

/** Runs while TF_LoadLibrary loads this file. */
__attribute__((constructor)) void register_operation() {
  TF_OpDefinitionBuilder* definition = TF_NewOpDefinitionBuilder(kName);
  add_momentum(definition);
  TF_OpDefinitionBuilderAddInput(definition, "gradient: float");
  Kernel<Momentum, read_momentum, compute>::add(kName, definition);
}

}  // namespace
}  // namespace bluewaters
