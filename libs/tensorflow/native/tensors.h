/** Tensors of TensorFlow's C interface, with an owner. */
#ifndef BLUEWATERS_TENSORS_H_
#define BLUEWATERS_TENSORS_H_

#include <memory>

#include "tensorflow/c/kernels.h"
#include "tensorflow/c/tf_status.h"
#include "tensorflow/c/tf_tensor.h"

namespace bluewaters {

struct DeleteTensor {
  void operator()(TF_Tensor* tensor) const { TF_DeleteTensor(tensor); }
};
using OwnedTensor = std::unique_ptr<TF_Tensor, DeleteTensor>;

/** An input of a kernel; null, with a status that says why, where it cannot be had. */
inline OwnedTensor input(TF_OpKernelContext* context, int index, TF_Status* status) {
  TF_Tensor* tensor = nullptr;
  TF_GetInput(context, index, &tensor, status);
  return OwnedTensor(tensor);
}

}  // namespace bluewaters

#endif  // BLUEWATERS_TENSORS_H_
