/** Convolutions and their gradients by the matrix unit: factors are rounded to bfloat16, sums are float32. */
#ifndef BLUEWATERS_UNIT_CONVOLUTION_H_
#define BLUEWATERS_UNIT_CONVOLUTION_H_

#include "convolution.h"

namespace bluewaters {

/** Whether it has more filters than a tile has columns: half of two would be computed for nothing. */
bool suits_unit(const Geometry& geometry);

/** Whether {@link unit_input_gradient} can compute it, and has that many channels. Gradients by the filter all do well. */
bool suits_unit_input_gradient(const Geometry& geometry);

/** @returns Floats that the function of that name needs to work in. */
int64_t unit_convolution_workspace(const Geometry& geometry, const InstructionSet& instructions);
int64_t unit_input_gradient_workspace(const Geometry& geometry, const InstructionSet& instructions);
int64_t unit_filter_gradient_workspace(const Geometry& geometry, const InstructionSet& instructions);

/** As {@link convolution}. */
void unit_convolution(const Geometry& geometry, const Means& means, const float* x, const float* filter, float* workspace,
                      float* result);

/** As {@link input_gradient}. */
void unit_input_gradient(const Geometry& geometry, const Means& means, const float* filter, const float* arriving,
                         float* workspace, float* result);

/** As {@link filter_gradient}. */
void unit_filter_gradient(const Geometry& geometry, const Means& means, const float* x, const float* arriving,
                          float* workspace, float* result);

}  // namespace bluewaters

#endif  // BLUEWATERS_UNIT_CONVOLUTION_H_
