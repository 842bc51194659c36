/**
 * Convolutions with windows of one pixel and strides of 1, and their gradients by the pictures: products of two matrices as
 * they lie.
 */
#ifndef BLUEWATERS_POINTWISE_H_
#define BLUEWATERS_POINTWISE_H_

#include "convolution.h"

namespace bluewaters {

bool is_pointwise(const Geometry& geometry);

/** @returns Floats that the function of that name needs to work in. */
int64_t pointwise_convolution_workspace(const Geometry& geometry, const InstructionSet& instructions);
int64_t pointwise_input_gradient_workspace(const Geometry& geometry, const InstructionSet& instructions);

/** The convolution of `x` by `filter`. @param result [batch, height, width, filters]. */
void pointwise_convolution(const Geometry& geometry, const Means& means, const float* x, const float* filter,
                           float* workspace, float* result);

/** As {@link input_gradient}. */
void pointwise_input_gradient(const Geometry& geometry, const Means& means, const float* filter, const float* arriving,
                              float* workspace, float* result);

}  // namespace bluewaters

#endif  // BLUEWATERS_POINTWISE_H_
