/** Weights that are changed with momentum: what operations have in common that do so in place. */
#ifndef BLUEWATERS_MOMENTUM_H_
#define BLUEWATERS_MOMENTUM_H_

#include <stdint.h>

#include "convolution.h"
#include "tensorflow/c/kernels_experimental.h"
#include "tensorflow/c/ops.h"
#include "tensors.h"

namespace bluewaters {

/** How they are changed, and with what: the attributes of these operations. */
struct Momentum {
  float decay, momentum;
  bool nesterov;
  Means means;
};

/** Declares its attributes, and the inputs that come first: `weights`, `velocity`, both variables, and `rate`. */
void add_momentum(TF_OpDefinitionBuilder* definition);
void read_momentum(TF_OpKernelConstruction* construction, Momentum* momentum, TF_Status* status);

/** The inputs of {@link add_momentum}, and the first of those behind them. */
enum MomentumInput { kWeights, kVelocity, kRate, kFirstOwnInput };

/**
 * Changes some weights: their gradient with `decay` times them, the velocity by that, and they by the velocity, each rounded as
 * TensorFlow's operations round it.
 */
void change(const Momentum& momentum, float rate, int64_t count, const float* gradient, float* velocity, float* weights);

/** Weights and velocity of an operation, which nobody else changes or copies while it lives. */
class MomentumVariables {
 public:
  /** Neither can be had where the status says why. */
  MomentumVariables(TF_OpKernelContext* context, TF_Status* status);
  ~MomentumVariables();
  MomentumVariables(const MomentumVariables&) = delete;
  MomentumVariables& operator=(const MomentumVariables&) = delete;

  /** Whether both are so many float32. */
  bool are(int64_t count) const;

  OwnedTensor weights, velocity;

 private:
  TF_VariableInputLockHolder* holder_ = nullptr;
};

}  // namespace bluewaters

#endif  // BLUEWATERS_MOMENTUM_H_
