/**
 * Two operations of our own, BluewatersConvolutionFilterGradient and BluewatersConvolutionInputGradient: what
 * Conv2DBackpropFilter and Conv2DBackpropInput compute, for float32 in NHWC, without dilations. On processors whose
 * vectors have 256 bits oneDNN, which computes those, is far from what such a processor can do.
 *
 * They use nothing but TensorFlow's C interface. `src/convolutions.ts` decides where they take the place of
 * the others.
 */
#include <string.h>

#include <algorithm>
#include <string>

#include "operation-kernels.h"
#include "convolution.h"
#include "pointwise.h"
#include "tensorflow/c/ops.h"
#include "tensors.h"
#include "unit-convolution.h"
#include "winograd.h"

namespace bluewaters {
namespace {

/** Beyond this a stride is refused. */
constexpr int64_t kMostStride = 16;

/** What a kernel was made with. */
struct Settings {
  int64_t strides[4];
  bool same;
  Means means;
};

void read_strides(TF_OpKernelConstruction* construction, int64_t* strides, TF_Status* status) {
  int32_t count = 0, unused = 0;
  TF_OpKernelConstruction_GetAttrSize(construction, "strides", &count, &unused, status);
  if (TF_GetCode(status) != TF_OK) return;
  if (count != 4) return refuse(status, "strides must be 4, got " + std::to_string(count));
  TF_OpKernelConstruction_GetAttrInt64List(construction, "strides", strides, 4, status);
  if (TF_GetCode(status) != TF_OK) return;
  const bool within = std::all_of(strides, strides + 4, [](int64_t one) { return one >= 1 && one <= kMostStride; });
  if (within && strides[0] == 1 && strides[3] == 1) return;
  refuse(status, "strides must be 1, two from 1 to " + std::to_string(kMostStride) + ", 1");
}

void read_settings(TF_OpKernelConstruction* construction, Settings* settings, TF_Status* status) {
  read_strides(construction, settings->strides, status);
  if (TF_GetCode(status) != TF_OK) return;
  settings->same = attribute_text(construction, "padding", status) == "SAME";
  if (TF_GetCode(status) != TF_OK) return;
  read_convolution_means(construction, &settings->means, status);
}

/** The inputs of both operations. */
struct Inputs {
  /** The pictures, the filter, and what arrives at the result of the convolution. */
  OwnedTensor x, filter, arriving;
};

bool read_inputs(TF_OpKernelContext* context, Inputs* inputs, TF_Status* status) {
  OwnedTensor* const all[] = {&inputs->x, &inputs->filter, &inputs->arriving};
  for (int i = 0; i < 3; ++i) {
    *all[i] = input(context, i, status);
    if (TF_GetCode(status) != TF_OK) return false;
    if (has_four_axes(*all[i])) continue;
    refuse(status, "pictures, filter and what arrives must have 4 axes of fewer than 2^31");
    return false;
  }
  return true;
}

/** How many windows there are along an axis, and the zeros before the first pixel. */
void place_windows(int64_t size, int64_t window, int64_t stride, bool same, int64_t* count, int64_t* before) {
  *count = same ? (size + stride - 1) / stride : size < window ? 0 : (size - window) / stride + 1;
  *before = same ? std::max<int64_t>(0, (*count - 1) * stride + window - size) / 2 : 0;
}

Geometry geometry_of(const Settings& settings, const TF_Tensor* x, const TF_Tensor* filter) {
  Geometry geometry{};
  geometry.batch = TF_Dim(x, 0);
  geometry.height = TF_Dim(x, 1);
  geometry.width = TF_Dim(x, 2);
  geometry.channels = TF_Dim(x, 3);
  geometry.window_height = TF_Dim(filter, 0);
  geometry.window_width = TF_Dim(filter, 1);
  geometry.filters = TF_Dim(filter, 3);
  geometry.stride_height = settings.strides[1];
  geometry.stride_width = settings.strides[2];
  place_windows(geometry.height, geometry.window_height, geometry.stride_height, settings.same, &geometry.out_height,
                &geometry.top);
  place_windows(geometry.width, geometry.window_width, geometry.stride_width, settings.same, &geometry.out_width,
                &geometry.left);
  return geometry;
}

bool fit_together(const Geometry& geometry, const Inputs& inputs, TF_Status* status) {
  const TF_Tensor* const arriving = inputs.arriving.get();
  const int64_t expected[] = {geometry.batch, geometry.out_height, geometry.out_width, geometry.filters};
  bool fit = TF_Dim(inputs.filter.get(), 2) == geometry.channels;
  for (int axis = 0; axis < 4; ++axis) fit = fit && TF_Dim(arriving, axis) == expected[axis];
  if (!fit) refuse(status, "pictures, filter and what arrives do not belong to one convolution");
  return fit;
}

/**
 * One of the two gradients: which input its shape is that of, what it is of beside what arrives, how many columns it has as
 * a product of matrices, and how it is had.
 */
struct FilterGradient {
  static constexpr const char* kName = "BluewatersConvolutionFilterGradient";
  static constexpr int kLike = 1;
  static const OwnedTensor& other(const Inputs& inputs) { return inputs.x; }
  static const OwnedTensor& like(const Inputs& inputs) { return inputs.filter; }
  static int64_t columns(const Geometry& geometry) { return geometry.filters; }
  static constexpr Way kDirect{filter_gradient_workspace, filter_gradient};
  static constexpr Way kPointwise = kDirect;
  static constexpr Way kWinograd{winograd_filter_gradient_workspace, winograd_filter_gradient};
  static constexpr Way kUnit{unit_filter_gradient_workspace, unit_filter_gradient};
  static bool suits_unit(const Geometry&) { return true; }
};

struct InputGradient {
  static constexpr const char* kName = "BluewatersConvolutionInputGradient";
  static constexpr int kLike = 0;
  static const OwnedTensor& other(const Inputs& inputs) { return inputs.filter; }
  static const OwnedTensor& like(const Inputs& inputs) { return inputs.x; }
  static int64_t columns(const Geometry& geometry) { return geometry.channels; }
  static constexpr Way kDirect{input_gradient_workspace, input_gradient};
  static constexpr Way kPointwise{pointwise_input_gradient_workspace, pointwise_input_gradient};
  static constexpr Way kWinograd{winograd_input_gradient_workspace, winograd_input_gradient};
  static constexpr Way kUnit{unit_input_gradient_workspace, unit_input_gradient};
  static bool suits_unit(const Geometry& geometry) { return suits_unit_input_gradient(geometry); }
};

template <class Gradient>
const Way& way_for(const Geometry& geometry, const Means& means) {
  if (means.unit && Gradient::suits_unit(geometry)) return Gradient::kUnit;
  if (is_pointwise(geometry)) return Gradient::kPointwise;
  return suits_winograd(geometry, *means.instructions) ? Gradient::kWinograd : Gradient::kDirect;
}

template <class Gradient>
void compute_gradient(const Settings& settings, TF_OpKernelContext* context, TF_Status* status) {
  Inputs inputs;
  if (!read_inputs(context, &inputs, status)) return;
  const Geometry geometry = geometry_of(settings, inputs.x.get(), inputs.filter.get());
  if (!fit_together(geometry, inputs, status)) return;
  const OwnedTensor result = allocate_like(context, 0, Gradient::like(inputs), status);
  if (TF_GetCode(status) != TF_OK || is_empty(result)) return;
  if (is_empty(inputs.arriving) || is_empty(Gradient::other(inputs))) {
    memset(floats(result), 0, TF_TensorByteSize(result.get()));
    return;
  }
  const Means means = settings.means.for_columns(Gradient::columns(geometry));
  const Way& way = way_for<Gradient>(geometry, means);
  const OwnedTensor workspace = allocate_workspace(context, way.workspace(geometry, *means.instructions), status);
  if (TF_GetCode(status) != TF_OK) return;
  way.compute(geometry, means, floats(Gradient::other(inputs)), floats(inputs.arriving), floats(workspace),
              floats(result));
}

template <class Gradient>
void infer_shape(TF_ShapeInferenceContext* context, TF_Status* status) {
  TF_ShapeHandle* shape = TF_NewShapeHandle();
  TF_ShapeInferenceContextGetInput(context, Gradient::kLike, shape, status);
  if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextWithRank(context, shape, 4, shape, status);
  if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextSetOutput(context, 0, shape, status);
  TF_DeleteShapeHandle(shape);
}

template <class Gradient>
void register_gradient() {
  TF_OpDefinitionBuilder* definition = TF_NewOpDefinitionBuilder(Gradient::kName);
  TF_OpDefinitionBuilderAddInput(definition, "x: float");
  TF_OpDefinitionBuilderAddInput(definition, "filter: float");
  TF_OpDefinitionBuilderAddInput(definition, "arriving: float");
  TF_OpDefinitionBuilderAddOutput(definition, "gradient: float");
  TF_OpDefinitionBuilderAddAttr(definition, "strides: list(int)");
  TF_OpDefinitionBuilderAddAttr(definition, "padding: {'SAME', 'VALID'}");
  add_convolution_means(definition);
  TF_OpDefinitionBuilderSetShapeInferenceFunction(definition, infer_shape<Gradient>);
  Kernel<Settings, read_settings, compute_gradient<Gradient>>::add(Gradient::kName, definition);
}

/** Runs while TF_LoadLibrary loads this file. */
__attribute__((constructor)) void register_operations() {
  register_gradient<FilterGradient>();
  register_gradient<InputGradient>();
}

}  // namespace
}  // namespace bluewaters
