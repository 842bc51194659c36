/**
 * An operation of our own, BluewatersConvolution: what Conv2D computes, for float32 in NHWC, strides of 1 and `SAME`: by
 * Winograd's way with the windows that there are transforms for, or term by term where that is shorter, and as a product of
 * matrices with those of one pixel; or, where products may be of bfloat16, by the matrix unit. The shape of its result can then be told without attributes, which TensorFlow's C
 * interface does not show to who infers shapes.
 */
#include <string.h>

#include "operation-kernels.h"
#include "pointwise.h"
#include "tensorflow/c/tf_datatype.h"
#include "unit-convolution.h"
#include "winograd.h"

namespace bluewaters {
namespace {

/** With strides of 1 and zeros around, so that there is a result for each pixel. */
Geometry geometry_of(const TF_Tensor* x, const TF_Tensor* filter) {
  Geometry geometry{};
  geometry.batch = TF_Dim(x, 0);
  geometry.height = geometry.out_height = TF_Dim(x, 1);
  geometry.width = geometry.out_width = TF_Dim(x, 2);
  geometry.channels = TF_Dim(x, 3);
  geometry.window_height = TF_Dim(filter, 0);
  geometry.window_width = TF_Dim(filter, 1);
  geometry.filters = TF_Dim(filter, 3);
  geometry.stride_height = geometry.stride_width = 1;
  geometry.top = (geometry.window_height - 1) / 2;
  geometry.left = (geometry.window_width - 1) / 2;
  return geometry;
}

Way way_for(const Geometry& geometry, const Means& means) {
  if (means.unit && suits_unit(geometry)) return {unit_convolution_workspace, unit_convolution};
  if (is_pointwise(geometry)) return {pointwise_convolution_workspace, pointwise_convolution};
  if (!suits_winograd(geometry, *means.instructions)) return {convolution_workspace, convolution};
  return {winograd_convolution_workspace, winograd_convolution};
}

void convolve(const Means& given, TF_OpKernelContext* context, TF_Status* status) {
  const OwnedTensor x = input(context, 0, status);
  if (TF_GetCode(status) != TF_OK) return;
  const OwnedTensor filter = input(context, 1, status);
  if (TF_GetCode(status) != TF_OK) return;
  if (!has_four_axes(x) || !has_four_axes(filter)) {
    return refuse(status, "pictures and filter must have 4 axes of fewer than 2^31");
  }
  const Geometry geometry = geometry_of(x.get(), filter.get());
  const Means means = given.for_columns(geometry.filters);
  const bool known = is_pointwise(geometry) || winograd_for(geometry, *means.instructions) != nullptr;
  if (TF_Dim(filter.get(), 2) != geometry.channels || !known) {
    return refuse(status, "the filter must be of one pixel or a size that there are transforms for, with the channels of "
                          "the pictures");
  }
  const int64_t shape[] = {geometry.batch, geometry.height, geometry.width, geometry.filters};
  const size_t bytes = sizeof(float) * geometry.windows() * geometry.filters;
  const OwnedTensor result(TF_AllocateOutput(context, 0, TF_FLOAT, shape, 4, bytes, status));
  if (TF_GetCode(status) != TF_OK || is_empty(result)) return;
  if (is_empty(x)) return static_cast<void>(memset(floats(result), 0, bytes));
  const Way way = way_for(geometry, means);
  const OwnedTensor workspace = allocate_workspace(context, way.workspace(geometry, *means.instructions), status);
  if (TF_GetCode(status) != TF_OK) return;
  way.compute(geometry, means, floats(x), floats(filter), floats(workspace), floats(result));
}

/** The batch and sides of the pictures, and how many filters there are. */
void infer_shape(TF_ShapeInferenceContext* context, TF_Status* status) {
  TF_ShapeHandle* pictures = TF_NewShapeHandle();
  TF_ShapeHandle* filters = TF_NewShapeHandle();
  TF_ShapeInferenceContextGetInput(context, 0, pictures, status);
  if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextWithRank(context, pictures, 4, pictures, status);
  if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextSubshape(context, pictures, 0, 3, pictures, status);
  if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextGetInput(context, 1, filters, status);
  if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextWithRank(context, filters, 4, filters, status);
  if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextSubshape(context, filters, 3, 4, filters, status);
  if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextConcatenateShapes(context, pictures, filters, pictures, status);
  if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextSetOutput(context, 0, pictures, status);
  TF_DeleteShapeHandle(pictures);
  TF_DeleteShapeHandle(filters);
}

/** Runs while TF_LoadLibrary loads this file. */
__attribute__((constructor)) void register_operation() {
  TF_OpDefinitionBuilder* definition = TF_NewOpDefinitionBuilder("BluewatersConvolution");
  TF_OpDefinitionBuilderAddInput(definition, "x: float");
  TF_OpDefinitionBuilderAddInput(definition, "filter: float");
  TF_OpDefinitionBuilderAddOutput(definition, "y: float");
  add_convolution_means(definition);
  TF_OpDefinitionBuilderSetShapeInferenceFunction(definition, infer_shape);
  Kernel<Means, read_convolution_means, convolve>::add("BluewatersConvolution", definition);
}

}  // namespace
}  // namespace bluewaters
