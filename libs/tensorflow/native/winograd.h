/**
 * Convolutions with strides of 1 by Winograd's minimal filtering, F(4, r) on each axis on which the window has r > 1 pixels
 * (Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, 2015): for a window of 3 by 3 a quarter of the
 * multiplications.
 */
#ifndef BLUEWATERS_WINOGRAD_H_
#define BLUEWATERS_WINOGRAD_H_

#include "convolution.h"

namespace bluewaters {

/** @returns The transforms for its windows; null where there are none. */
const Winograd* winograd_for(const Geometry& geometry, const InstructionSet& instructions);

/** Whether there are transforms, and so many windows that it is the shorter way. */
bool suits_winograd(const Geometry& geometry, const InstructionSet& instructions);

/** @returns Floats that the function of that name needs to work in. There must be transforms, for all of these. */
int64_t winograd_convolution_workspace(const Geometry& geometry, const InstructionSet& instructions);
int64_t winograd_input_gradient_workspace(const Geometry& geometry, const InstructionSet& instructions);
int64_t winograd_filter_gradient_workspace(const Geometry& geometry, const InstructionSet& instructions);

/** The convolution of `x` by `filter`. @param result [batch, out_height, out_width, filters]. */
void winograd_convolution(const Geometry& geometry, const Means& means, const float* x, const float* filter,
                          float* workspace, float* result);

/** As {@link input_gradient}. */
void winograd_input_gradient(const Geometry& geometry, const Means& means, const float* filter, const float* arriving,
                             float* workspace, float* result);

/** As {@link filter_gradient}. */
void winograd_filter_gradient(const Geometry& geometry, const Means& means, const float* x, const float* arriving,
                              float* workspace, float* result);

}  // namespace bluewaters

#endif  // BLUEWATERS_WINOGRAD_H_
