/**
 * An operation of our own: some tensors, summed or averaged over all ranks. It waits until all ranks have come, so it
 * occupies one of the session's threads for operations; whoever builds a graph chains those of one lane by control
 * inputs, which also gives every rank the same order. (TensorFlow's kernels that give their result later, through a
 * `done` call, cannot be had through its C interface: the call is gone once `compute` has returned.)
 */
#include <limits.h>
#include <string.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "half.h"
#include "ranks.h"
#include "tensorflow/c/kernels.h"
#include "tensorflow/c/ops.h"
#include "tensorflow/c/tf_status.h"
#include "tensorflow/c/tf_tensor.h"

namespace bluewaters {
namespace {

struct DeleteTensor {
  void operator()(TF_Tensor* tensor) const { TF_DeleteTensor(tensor); }
};
using OwnedTensor = std::unique_ptr<TF_Tensor, DeleteTensor>;

struct DeleteStatus {
  void operator()(TF_Status* status) const { TF_DeleteStatus(status); }
};
using OwnedStatus = std::unique_ptr<TF_Status, DeleteStatus>;

float* floats(const OwnedTensor& tensor) { return static_cast<float*>(TF_TensorData(tensor.get())); }

int64_t count_of(const OwnedTensor& tensor) { return TF_TensorElementCount(tensor.get()); }

std::vector<int64_t> shape_of(const OwnedTensor& tensor) {
  std::vector<int64_t> shape(TF_NumDims(tensor.get()));
  for (size_t axis = 0; axis < shape.size(); ++axis) shape[axis] = TF_Dim(tensor.get(), static_cast<int>(axis));
  return shape;
}

/** By MPI a large tensor is reduced by pieces of so many floats: what is scaled is then still in the cache. */
constexpr int64_t kPiece = 1 << 20;

/** Tensors of fewer floats are put together: what their messages cost is mostly their start. */
constexpr int64_t kSmall = 1 << 14;

/** Where small tensors are put together. */
struct Room {
  std::mutex mutex;
  std::vector<float> floats;
};

/** One for all operations of a lane, which follow one another: it stays in the cache, as one for each would not. */
Room& room_of(Lane lane) {
  static Room* const rooms = new Room[kLanes];  // never destroyed: threads of TensorFlow may outlive the rest
  return rooms[lane];
}

/** One operation of a graph. */
class AllReduce {
 public:
  AllReduce(const Way& way, bool average) : way_(way), average_(average) {}

  void compute(TF_OpKernelContext* context, TF_Status* status) {
    std::vector<OwnedTensor> results(TF_NumInputs(context));
    std::vector<Part> parts;
    int64_t total = 0;
    for (size_t i = 0; i < results.size(); ++i) {
      results[i] = copy(context, i, status);
      if (TF_GetCode(status) != TF_OK) return;
      parts.push_back({floats(results[i]), count_of(results[i])});
      total += parts.back().count;
    }
    if (total > INT_MAX) return TF_SetStatus(status, TF_INVALID_ARGUMENT, "more than 2^31 numbers in one all-reduce");
    if (way_.number == kFloat32 && is_all_in_memory()) {
      reduce(parts, status);
      return;
    }
    if (parts.size() == 1) return reduce_pieces(parts[0], status);
    reduce_together(parts, status);
  }

 private:
  void reduce_pieces(const Part& whole, TF_Status* status) {
    for (int64_t begin = 0; begin < whole.count; begin += kPiece) {
      float* const piece = static_cast<float*>(whole.values) + begin;
      if (!reduce({{piece, std::min(kPiece, whole.count - begin)}}, status)) return;
    }
  }

  /** At the same time, each where it is but for the small ones, which travel as one. */
  void reduce_together(const std::vector<Part>& parts, TF_Status* status) {
    Room& room = room_of(way_.lane);
    std::lock_guard<std::mutex> lock(room.mutex);
    std::vector<Part> travelling;
    int64_t small = 0;
    for (const Part& part : parts) {
      if (part.count >= kSmall) travelling.push_back(part);
      else small += part.count;
    }
    room.floats.resize(std::max<size_t>(room.floats.size(), small));
    if (small > 0) travelling.push_back({room.floats.data(), small});
    copy_small(parts, &room, true);
    if (reduce(travelling, status)) copy_small(parts, &room, false);
  }

  /** @param in Into the room, or back. */
  static void copy_small(const std::vector<Part>& parts, Room* room, bool in) {
    float* place = room->floats.data();
    for (const Part& part : parts) {
      if (part.count >= kSmall) continue;
      memcpy(in ? place : part.values, in ? part.values : place, part.count * sizeof(float));
      place += part.count;
    }
  }

  /** An output with the values of its input; in the input's memory, where nobody else needs that. */
  static OwnedTensor copy(TF_OpKernelContext* context, size_t index, TF_Status* status) {
    OwnedTensor own = input(context, index, status);
    if (TF_GetCode(status) != TF_OK) return own;
    bool in_place = false;
    OwnedTensor result = output(context, index, std::move(own), &in_place, status);
    if (in_place || TF_GetCode(status) != TF_OK) return result;
    const OwnedTensor again = input(context, index, status);
    if (TF_GetCode(status) == TF_OK) memcpy(floats(result), floats(again), count_of(again) * sizeof(float));
    return result;
  }

  static OwnedTensor input(TF_OpKernelContext* context, size_t index, TF_Status* status) {
    TF_Tensor* tensor = nullptr;
    TF_GetInput(context, static_cast<int>(index), &tensor, status);
    return OwnedTensor(tensor);
  }

  /**
   * In the memory of its input, where nobody else needs that: so `own` is let go first, which would need it as well.
   * Memory that is new in every step is had from the system page by page.
   */
  static OwnedTensor output(TF_OpKernelContext* context, size_t index, OwnedTensor own, bool* in_place,
                            TF_Status* status) {
    const std::vector<int64_t> shape = shape_of(own);
    own.reset();
    const int candidate = static_cast<int>(index);
    int forwarded = -1;
    OwnedTensor result(TF_ForwardInputOrAllocateOutput(context, &candidate, 1, candidate, shape.data(),
                                                       static_cast<int>(shape.size()), &forwarded, status));
    *in_place = forwarded == candidate;
    return result;
  }

  /** In place. */
  bool reduce(const std::vector<Part>& parts, TF_Status* status) {
    if (way_.number == kFloat32) return sum(parts, factor(), status);
    if (way_.number == kBfloat16) return reduce_as<Bfloat16>(parts, status);
    return reduce_as<Float16>(parts, status);
  }

  /** Scaled before they travel: their sum might be beyond the largest number. */
  template <class Half>
  bool reduce_as(const std::vector<Part>& parts, TF_Status* status) {
    const float by = factor();
    std::vector<std::vector<uint16_t>> halves;
    std::vector<Part> travelling;
    for (const Part& part : parts) {
      const float* const values = static_cast<float*>(part.values);
      halves.emplace_back(part.count);
      for (int64_t i = 0; i < part.count; ++i) halves.back()[i] = Half::encode(values[i] * by);
      travelling.push_back({halves.back().data(), part.count});
    }
    if (!sum(travelling, 1, status)) return false;
    for (size_t n = 0; n < parts.size(); ++n) {
      float* const values = static_cast<float*>(parts[n].values);
      for (int64_t i = 0; i < parts[n].count; ++i) values[i] = Half::decode(halves[n][i]);
    }
    return true;
  }

  bool sum(const std::vector<Part>& parts, float factor, TF_Status* status) {
    std::string why;
    if (all_reduce(parts, way_, factor, &why)) return true;
    TF_SetStatus(status, TF_FAILED_PRECONDITION, why.c_str());
    return false;
  }

  float factor() const { return average_ ? 1.0f / static_cast<float>(world_size()) : 1.0f; }

  const Way way_;
  const bool average_;
};

std::string text_of(TF_OpKernelConstruction* construction, const char* name, TF_Status* status) {
  char text[16] = {};
  TF_OpKernelConstruction_GetAttrString(construction, name, text, sizeof text - 1, status);
  return text;
}

Way way_of(TF_OpKernelConstruction* construction, TF_Status* status) {
  int32_t lane = 0;
  TF_OpKernelConstruction_GetAttrInt32(construction, "lane", &lane, status);
  if (TF_GetCode(status) != TF_OK) return {};
  if (lane < 0 || lane >= kLanes) TF_SetStatus(status, TF_INVALID_ARGUMENT, "there is no such lane");
  if (TF_GetCode(status) != TF_OK) return {};
  const std::string compression = text_of(construction, "compression", status);
  if (TF_GetCode(status) != TF_OK) return {};
  const std::string route = text_of(construction, "route", status);
  const Number number = compression == "bfloat16" ? kBfloat16 : compression == "float16" ? kFloat16 : kFloat32;
  return {static_cast<Lane>(lane), number, route == "by-hosts" ? kByHosts : kFlat};
}

void* create(TF_OpKernelConstruction* construction) {
  const OwnedStatus status(TF_NewStatus());
  TF_Bool average = 0;
  const Way way = way_of(construction, status.get());
  if (TF_GetCode(status.get()) == TF_OK) {
    TF_OpKernelConstruction_GetAttrBool(construction, "average", &average, status.get());
  }
  if (TF_GetCode(status.get()) != TF_OK) TF_OpKernelConstruction_Failure(construction, status.get());
  return new AllReduce(way, average != 0);
}

void compute(void* kernel, TF_OpKernelContext* context) {
  const OwnedStatus status(TF_NewStatus());
  static_cast<AllReduce*>(kernel)->compute(context, status.get());
  if (TF_GetCode(status.get()) != TF_OK) TF_OpKernelContext_Failure(context, status.get());
}

void destroy(void* kernel) { delete static_cast<AllReduce*>(kernel); }

/** Each output has the shape of its input. */
void same_shapes(TF_ShapeInferenceContext* context, TF_Status* status) {
  const int64_t inputs = TF_ShapeInferenceContextNumInputs(context);
  TF_ShapeHandle* const shape = TF_NewShapeHandle();
  for (int i = 0; i < inputs && TF_GetCode(status) == TF_OK; ++i) {
    TF_ShapeInferenceContextGetInput(context, i, shape, status);
    if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextSetOutput(context, i, shape, status);
  }
  TF_DeleteShapeHandle(shape);
}

/** Runs while TF_LoadLibrary loads this file. */
__attribute__((constructor)) void register_operation() {
  TF_OpDefinitionBuilder* const definition = TF_NewOpDefinitionBuilder("BluewatersAllReduce");
  TF_OpDefinitionBuilderAddAttr(definition, "N: int >= 1");
  TF_OpDefinitionBuilderAddAttr(definition, "lane: int");
  TF_OpDefinitionBuilderAddAttr(definition, "average: bool");
  TF_OpDefinitionBuilderAddAttr(definition, "compression: {'none', 'bfloat16', 'float16'} = 'none'");
  TF_OpDefinitionBuilderAddAttr(definition, "route: {'flat', 'by-hosts'} = 'flat'");
  TF_OpDefinitionBuilderAddInput(definition, "values: N * float");
  TF_OpDefinitionBuilderAddOutput(definition, "reduced: N * float");
  TF_OpDefinitionBuilderSetIsStateful(definition, true);
  TF_OpDefinitionBuilderSetShapeInferenceFunction(definition, same_shapes);
  const OwnedStatus status(TF_NewStatus());
  TF_RegisterOpDefinition(definition, status.get());
  if (TF_GetCode(status.get()) != TF_OK) return;
  TF_RegisterKernelBuilder("BluewatersAllReduce",
                           TF_NewKernelBuilder("BluewatersAllReduce", "CPU", create, compute, destroy), status.get());
}

}  // namespace
}  // namespace bluewaters
