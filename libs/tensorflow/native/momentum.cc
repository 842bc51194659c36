#include "momentum.h"

#include <string.h>

#include <algorithm>

#include "operation-kernels.h"

#include "rounded-apart.h"  // The last.

namespace bluewaters {
namespace {

/** Floats of a piece, whose gradient with the decay stays in the first cache. */
constexpr int64_t kPiece = 1 << 10;

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

/** For TensorFlow, where somebody still reads a variable that is about to change. It hands both tensors over. */
void copy_variable(TF_OpKernelContext*, TF_Tensor* source, TF_Tensor* target) {
  const OwnedTensor from(source), to(target);
  memcpy(TF_TensorData(target), TF_TensorData(source), TF_TensorByteSize(source));
}

/** The memory of a variable, to be changed; null, with a status that says why, where it cannot be had. */
OwnedTensor variable(TF_OpKernelContext* context, int input, TF_Status* status) {
  TF_Tensor* tensor = nullptr;
  if (TF_GetCode(status) == TF_OK) {
    TF_GetInputTensorFromVariable(context, input, true, false, false, copy_variable, &tensor, status);
  }
  return OwnedTensor(tensor);
}

}  // namespace

void add_momentum(TF_OpDefinitionBuilder* definition) {
  TF_OpDefinitionBuilderAddInput(definition, "weights: resource");
  TF_OpDefinitionBuilderAddInput(definition, "velocity: resource");
  TF_OpDefinitionBuilderAddInput(definition, "rate: float");
  TF_OpDefinitionBuilderAddAttr(definition, "decay: float");
  TF_OpDefinitionBuilderAddAttr(definition, "momentum: float");
  TF_OpDefinitionBuilderAddAttr(definition, "nesterov: bool");
  add_means(definition);
  TF_OpDefinitionBuilderSetIsStateful(definition, true);
  // It gives nothing.
  TF_OpDefinitionBuilderSetShapeInferenceFunction(definition, [](TF_ShapeInferenceContext*, TF_Status*) {});
}

void read_momentum(TF_OpKernelConstruction* construction, Momentum* momentum, TF_Status* status) {
  unsigned char nesterov = 0;
  TF_OpKernelConstruction_GetAttrFloat(construction, "decay", &momentum->decay, status);
  if (TF_GetCode(status) == TF_OK) TF_OpKernelConstruction_GetAttrFloat(construction, "momentum", &momentum->momentum, status);
  if (TF_GetCode(status) == TF_OK) TF_OpKernelConstruction_GetAttrBool(construction, "nesterov", &nesterov, status);
  momentum->nesterov = nesterov != 0;
  if (TF_GetCode(status) == TF_OK) read_means(construction, &momentum->means, status);
}

void change(const Momentum& momentum, float rate, int64_t count, const float* gradient, float* velocity, float* weights) {
  alignas(64) float piece[kPiece];
  for (int64_t at = 0; at < count; at += kPiece) {
    const int64_t length = std::min(kPiece, count - at);
    const float* const by = decayed(gradient + at, weights + at, momentum.decay, length, piece);
    (momentum.nesterov ? look_ahead : follow)(by, rate, momentum.momentum, length, velocity + at, weights + at);
  }
}

MomentumVariables::MomentumVariables(TF_OpKernelContext* context, TF_Status* status) {
  constexpr int kVariables[] = {kWeights, kVelocity};
  TF_MaybeLockVariableInputMutexesInOrder(context, true, false, kVariables, 2, copy_variable, &holder_, status);
  weights = variable(context, kWeights, status);
  velocity = variable(context, kVelocity, status);
}

MomentumVariables::~MomentumVariables() {
  if (holder_ != nullptr) TF_ReleaseVariableInputLockHolder(holder_);
}

bool MomentumVariables::are(int64_t count) const {
  const auto is = [count](const OwnedTensor& one) {
    return TF_TensorType(one.get()) == TF_FLOAT && TF_TensorElementCount(one.get()) == count;
  };
  return is(weights) && is(velocity);
}

}  // namespace bluewaters
