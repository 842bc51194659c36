/**
 * An operation of our own, BluewatersMomentum: the decay of weights, their velocity and their change in one pass over them,
 * float32, rounded as TensorFlow's operations round each of them. Those go over the weights, the velocity or the gradient nine
 * times, this one five times; the dense layers of AlexNet have 235 MB of each.
 */
#include <string.h>

#include <algorithm>

#include "arithmetic.h"
#include "operation-kernels.h"
#include "tensorflow/c/kernels_experimental.h"
#include "tensorflow/c/ops.h"
#include "tensors.h"
#include "thread-team.h"

// Products and sums, each rounded, also where the processor has one instruction for both.
#ifdef __clang__
#pragma STDC FP_CONTRACT OFF
#else
#pragma GCC optimize("fp-contract=off")
#endif

namespace bluewaters {
namespace {

constexpr const char* kName = "BluewatersMomentum";

/** Its inputs. */
enum Input { kWeights, kVelocity, kRate, kGradient };

/** Floats of a task, and of a piece of it, whose gradient with the decay stays in the first cache. */
constexpr int64_t kTask = 1 << 17;
constexpr int64_t kPiece = 1 << 10;

/** What a kernel was made with. */
struct Settings {
  float decay, momentum;
  bool nesterov;
  Means means;
};

void read_settings(TF_OpKernelConstruction* construction, Settings* settings, TF_Status* status) {
  unsigned char nesterov = 0;
  TF_OpKernelConstruction_GetAttrFloat(construction, "decay", &settings->decay, status);
  if (TF_GetCode(status) == TF_OK) TF_OpKernelConstruction_GetAttrFloat(construction, "momentum", &settings->momentum, status);
  if (TF_GetCode(status) == TF_OK) TF_OpKernelConstruction_GetAttrBool(construction, "nesterov", &nesterov, status);
  settings->nesterov = nesterov != 0;
  if (TF_GetCode(status) == TF_OK) read_means(construction, &settings->means, status);
}

/** Of some weights: the gradient with their decay. @returns It, which is `gradient` where they do not decay. */
const float* decayed(const float* __restrict gradient, const float* __restrict weights, float decay, int64_t count,
                     float* __restrict to) {
  if (decay == 0) return gradient;
  for (int64_t i = 0; i < count; ++i) to[i] = gradient[i] + decay * weights[i];
  return to;
}

/** velocity = momentum * velocity + gradient; weights -= rate * velocity. */
void follow(const float* __restrict gradient, float rate, float momentum, int64_t count, float* __restrict velocity,
            float* __restrict weights) {
  for (int64_t i = 0; i < count; ++i) {
    velocity[i] = velocity[i] * momentum + gradient[i];
    weights[i] -= velocity[i] * rate;
  }
}

/** The same, but weights -= rate * (gradient + momentum * velocity). */
void look_ahead(const float* __restrict gradient, float rate, float momentum, int64_t count, float* __restrict velocity,
                float* __restrict weights) {
  for (int64_t i = 0; i < count; ++i) {
    velocity[i] = velocity[i] * momentum + gradient[i];
    weights[i] -= gradient[i] * rate + velocity[i] * momentum * rate;
  }
}

void change(const Settings& settings, float rate, int64_t count, const float* gradient, float* velocity, float* weights) {
  alignas(64) float piece[kPiece];
  for (int64_t at = 0; at < count; at += kPiece) {
    const int64_t length = std::min(kPiece, count - at);
    const float* const by = decayed(gradient + at, weights + at, settings.decay, length, piece);
    (settings.nesterov ? look_ahead : follow)(by, rate, settings.momentum, length, velocity + at, weights + at);
  }
}

/** For TensorFlow, where somebody still reads a variable that is about to change. It hands both tensors over. */
void copy_variable(TF_OpKernelContext*, TF_Tensor* source, TF_Tensor* target) {
  const OwnedTensor from(source), to(target);
  memcpy(TF_TensorData(target), TF_TensorData(source), TF_TensorByteSize(source));
}

/** Keeps others from two variables while it lives. */
class Locked {
 public:
  Locked(TF_OpKernelContext* context, TF_Status* status) {
    constexpr int kVariables[] = {kWeights, kVelocity};
    TF_MaybeLockVariableInputMutexesInOrder(context, true, false, kVariables, 2, copy_variable, &holder_, status);
  }
  ~Locked() {
    if (holder_ != nullptr) TF_ReleaseVariableInputLockHolder(holder_);
  }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;

 private:
  TF_VariableInputLockHolder* holder_ = nullptr;
};

/** The memory of a variable, to be changed; null, with a status that says why, where it cannot be had. */
OwnedTensor variable(TF_OpKernelContext* context, int input, TF_Status* status) {
  TF_Tensor* tensor = nullptr;
  if (TF_GetCode(status) == TF_OK) {
    TF_GetInputTensorFromVariable(context, input, true, false, false, copy_variable, &tensor, status);
  }
  return OwnedTensor(tensor);
}

void compute(const Settings& settings, TF_OpKernelContext* context, TF_Status* status) {
  const Locked locked(context, status);
  const OwnedTensor weights = variable(context, kWeights, status), velocity = variable(context, kVelocity, status);
  if (TF_GetCode(status) != TF_OK) return;
  const OwnedTensor rate = input(context, kRate, status), gradient = input(context, kGradient, status);
  if (TF_GetCode(status) != TF_OK) return;
  const int64_t count = TF_TensorElementCount(weights.get());
  const auto fits = [&](const OwnedTensor& one, int64_t expected) {
    return TF_TensorType(one.get()) == TF_FLOAT && TF_TensorElementCount(one.get()) == expected;
  };
  if (!fits(weights, count) || !fits(velocity, count) || !fits(gradient, count) || !fits(rate, 1)) {
    return refuse(status, "weights, velocity and gradient must be as many float32, and the rate one");
  }
  if (count == 0) return;
  const Cut tasks(count, kTask, kLine);
  share_tasks(tasks.parts(), settings.means.threads, [&](int64_t task) {
    const int64_t begin = tasks.begin(task);
    change(settings, *floats(rate), tasks.size(task), floats(gradient) + begin, floats(velocity) + begin,
           floats(weights) + begin);
  });
}

/** Runs while TF_LoadLibrary loads this file. */
__attribute__((constructor)) void register_operation() {
  TF_OpDefinitionBuilder* definition = TF_NewOpDefinitionBuilder(kName);
  TF_OpDefinitionBuilderAddInput(definition, "weights: resource");
  TF_OpDefinitionBuilderAddInput(definition, "velocity: resource");
  TF_OpDefinitionBuilderAddInput(definition, "rate: float");
  TF_OpDefinitionBuilderAddInput(definition, "gradient: float");
  TF_OpDefinitionBuilderAddAttr(definition, "decay: float");
  TF_OpDefinitionBuilderAddAttr(definition, "momentum: float");
  TF_OpDefinitionBuilderAddAttr(definition, "nesterov: bool");
  add_means(definition);
  TF_OpDefinitionBuilderSetIsStateful(definition, true);
  // It gives nothing.
  TF_OpDefinitionBuilderSetShapeInferenceFunction(definition, [](TF_ShapeInferenceContext*, TF_Status*) {});
  Kernel<Settings, read_settings, compute>::add(kName, definition);
}

}  // namespace
}  // namespace bluewaters
