/**
 * An operation of our own, BluewatersDenseMomentum: what BluewatersMomentum does to the weights of a dense layer, whose gradient
 * it computes as it goes: what the layer was given, transposed, times what arrives at its result. Of few rows that is soon done,
 * and the gradient, which is as large as the weights, is never written to memory nor read from it.
 *
 * A task is some inputs of the layer, and goes over its units in pieces: the gradient of a few inputs by a piece is computed
 * in the second cache, while the weights and velocities that it changes come from memory.
 */
#include "arithmetic.h"
#include "momentum.h"
#include "operation-kernels.h"
#include "panels.h"
#include "thread-scratch.h"
#include "thread-team.h"

namespace bluewaters {
namespace {

constexpr const char* kName = "BluewatersDenseMomentum";

/** Tiles of inputs in a task, and units in a piece. */
constexpr int64_t kTiles = 4;
constexpr int64_t kUnits = 512;

/** Weights and velocity are [inputs, units]. */
struct Layer {
  int64_t rows, inputs, units;
  /** [rows, inputs]. */
  const float* x;
  /** What arrives, [rows, units], in panels. */
  const float* arriving;
  float *velocity, *weights;
  float rate;
};

/** Weights and velocities of some inputs and of the units of a panel. */
void fetch(const Layer& layer, int64_t input, int64_t inputs, int64_t unit, int64_t units) {
  for (int64_t row = 0; row < inputs; ++row) {
    for (int64_t line = 0; line < units; line += kLine) {
      const int64_t at = (input + row) * layer.units + unit + line;
      __builtin_prefetch(layer.weights + at, 1, 2);
      __builtin_prefetch(layer.velocity + at, 1, 2);
    }
  }
}

/** Changes the weights of `count` inputs, at most a tile's rows. @param x [inputs, rows]. */
void change_inputs(const Layer& layer, const Momentum& momentum, int64_t input, int64_t count, const float* x,
                   float* gradient) {
  const InstructionSet& set = *momentum.means.instructions;
  constexpr int64_t kPitch = kUnits + kLine;
  for (int64_t first = 0; first < layer.units; first += kUnits) {
    const int64_t units = std::min(kUnits, layer.units - first);
    for (int64_t unit = 0; unit < units; unit += set.columns) {
      fetch(layer, input, count, first + unit, std::min<int64_t>(set.columns, units - unit));
      const float* const panel = layer.arriving + (first + unit) * layer.rows;
      set.product[count]({x, layer.rows, panel, layer.rows, gradient + unit, kPitch, nullptr, false, false});
    }
    for (int64_t row = 0; row < count; ++row) {
      const int64_t at = (input + row) * layer.units + first;
      change(momentum, layer.rate, units, gradient + row * kPitch, layer.velocity + at, layer.weights + at);
    }
  }
}

void change_layer(const Layer& layer, const Momentum& momentum) {
  const InstructionSet& set = *momentum.means.instructions;
  const Cut tasks(layer.inputs, kTiles * set.rows, set.rows);
  share_tasks(tasks.parts(), momentum.means.threads, [&](int64_t task) {
    float* const x = thread_scratch(set.rows * (layer.rows + kUnits + kLine));
    for (int64_t at = 0; at < tasks.size(task); at += set.rows) {
      const int64_t input = tasks.begin(task) + at, count = std::min<int64_t>(set.rows, tasks.size(task) - at);
      for (int64_t row = 0; row < layer.rows; ++row) {
        for (int64_t i = 0; i < count; ++i) x[i * layer.rows + row] = layer.x[row * layer.inputs + input + i];
      }
      change_inputs(layer, momentum, input, count, x, x + set.rows * layer.rows);
    }
  });
}

void compute(const Momentum& momentum, TF_OpKernelContext* context, TF_Status* status) {
  const MomentumVariables variables(context, status);
  if (TF_GetCode(status) != TF_OK) return;
  const OwnedTensor rate = input(context, kRate, status), x = input(context, kFirstOwnInput, status);
  if (TF_GetCode(status) != TF_OK) return;
  const OwnedTensor arriving = input(context, kFirstOwnInput + 1, status);
  if (TF_GetCode(status) != TF_OK) return;
  const auto is_matrix = [](const OwnedTensor& one) {
    return TF_NumDims(one.get()) == 2 && TF_Dim(one.get(), 0) <= INT32_MAX && TF_Dim(one.get(), 1) <= INT32_MAX;
  };
  if (!is_matrix(x) || !is_matrix(arriving) || TF_Dim(x.get(), 0) != TF_Dim(arriving.get(), 0)) {
    return refuse(status, "what a layer was given and what arrives must be matrices of as many rows, fewer than 2^31");
  }
  const int64_t rows = TF_Dim(x.get(), 0), inputs = TF_Dim(x.get(), 1), units = TF_Dim(arriving.get(), 1);
  if (!variables.are(inputs * units) || TF_TensorElementCount(rate.get()) != 1) {
    return refuse(status, "weights and velocity must be float32, as many as inputs times units, and the rate one");
  }
  if (inputs * units == 0) return;
  const OwnedTensor panels = allocate_workspace(context, panels_of(rows, units, *momentum.means.instructions), status);
  if (TF_GetCode(status) != TF_OK) return;
  pack_matrix(rows, units, momentum.means, floats(arriving), floats(panels));
  change_layer({rows, inputs, units, floats(x), floats(panels), floats(variables.velocity), floats(variables.weights),
                *floats(rate)},
               momentum);
}

/** Runs while TF_LoadLibrary loads this file. */
__attribute__((constructor)) void register_operation() {
  TF_OpDefinitionBuilder* definition = TF_NewOpDefinitionBuilder(kName);
  add_momentum(definition);
  TF_OpDefinitionBuilderAddInput(definition, "x: float");
  TF_OpDefinitionBuilderAddInput(definition, "arriving: float");
  Kernel<Momentum, read_momentum, compute>::add(kName, definition);
}

}  // namespace
}  // namespace bluewaters
