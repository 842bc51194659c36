/** What operations of our own have in common: their attributes, their errors, and memory. */
#ifndef BLUEWATERS_OPERATION_KERNELS_H_
#define BLUEWATERS_OPERATION_KERNELS_H_

#include <string>
#include <vector>

#include "convolution.h"
#include "tensorflow/c/ops.h"
#include "tensors.h"

namespace bluewaters {

void refuse(TF_Status* status, const std::string& why);

std::string attribute_text(TF_OpKernelConstruction* construction, const char* name, TF_Status* status);

/** Declares the attributes `threads`, 0 for every core, and `instructions`; reads them. */
void add_means(TF_OpDefinitionBuilder* definition);
void read_means(TF_OpKernelConstruction* construction, Means* means, TF_Status* status);

/** Those of a convolution, with the attribute `products`: in bfloat16 they are taken where there is a matrix unit. */
void add_convolution_means(TF_OpDefinitionBuilder* definition);
void read_convolution_means(TF_OpKernelConstruction* construction, Means* means, TF_Status* status);

/**
 * Begins to declare an operation that computes by `add_means`.
 *
 * @tparam Shape Has its name, and of inputs and outputs names and types: `kName`, `kInputs`, `kOutputs`.
 */
template <class Shape>
TF_OpDefinitionBuilder* define() {
  TF_OpDefinitionBuilder* definition = TF_NewOpDefinitionBuilder(Shape::kName);
  for (const char* one : Shape::kInputs) TF_OpDefinitionBuilderAddInput(definition, one);
  for (const char* one : Shape::kOutputs) TF_OpDefinitionBuilderAddOutput(definition, one);
  add_means(definition);
  return definition;
}

/** Whether it has four axes of fewer than 2^31: so no product of a few of them overflows. */
bool has_four_axes(const OwnedTensor& tensor);

bool is_empty(const OwnedTensor& tensor);
float* floats(const OwnedTensor& tensor);

/** An output of the shape of another tensor. @returns Null, with a status that says why, where it cannot be had. */
OwnedTensor allocate_like(TF_OpKernelContext* context, int index, const OwnedTensor& like, TF_Status* status);

/**
 * The shape that the first `count` inputs have in common; `what` names them in the status that says that they have none.
 * Holds none of them afterwards: what is held cannot be written over.
 */
std::vector<int64_t> common_shape(TF_OpKernelContext* context, int count, const std::string& what, TF_Status* status);

/** Output 0 of that shape: one of the first `count` inputs, to be written over, where nobody else needs it. */
OwnedTensor write_over(TF_OpKernelContext* context, int count, const std::vector<int64_t>& shape, TF_Status* status);

/** For an operation whose output 0 has the shape of its input 0. */
void infer_first_shape(TF_ShapeInferenceContext* context, TF_Status* status);

/** @returns Null, with a status that says why, where it cannot be had. */
OwnedTensor allocate_workspace(TF_OpKernelContext* context, int64_t count, TF_Status* status);

/**
 * What TensorFlow calls for a kernel that is made with `Settings`: `read` fills them from the attributes, `work` computes.
 * Both say what went wrong by their status.
 */
template <class Settings, void (*read)(TF_OpKernelConstruction*, Settings*, TF_Status*),
          void (*work)(const Settings&, TF_OpKernelContext*, TF_Status*)>
struct Kernel {
  static void* create(TF_OpKernelConstruction* construction) {
    TF_Status* status = TF_NewStatus();
    auto* settings = new Settings{};
    read(construction, settings, status);
    if (TF_GetCode(status) != TF_OK) TF_OpKernelConstruction_Failure(construction, status);
    TF_DeleteStatus(status);
    return settings;
  }

  static void compute(void* settings, TF_OpKernelContext* context) {
    TF_Status* status = TF_NewStatus();
    work(*static_cast<Settings*>(settings), context, status);
    if (TF_GetCode(status) != TF_OK) TF_OpKernelContext_Failure(context, status);
    TF_DeleteStatus(status);
  }

  static void destroy(void* settings) { delete static_cast<Settings*>(settings); }

  /** Registers an operation of that name, and this kernel of it. */
  static void add(const char* name, TF_OpDefinitionBuilder* definition) {
    TF_Status* status = TF_NewStatus();
    TF_RegisterOpDefinition(definition, status);
    if (TF_GetCode(status) == TF_OK) {
      TF_RegisterKernelBuilder(name, TF_NewKernelBuilder(name, "CPU", create, compute, destroy), status);
    }
    TF_DeleteStatus(status);
  }
};

}  // namespace bluewaters

#endif  // BLUEWATERS_OPERATION_KERNELS_H_
