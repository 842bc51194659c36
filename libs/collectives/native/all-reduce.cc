/**
 * Operations of our own: some tensors, summed or averaged over all ranks. BluewatersAllReduce waits until all ranks have
 * come, so it occupies one of the session's threads for operations. BluewatersBeginAllReduce does not: a thread of its
 * lane waits, and BluewatersEndAllReduce then gives what came of it, or waits where it comes too early. Whoever builds a
 * graph chains those of one lane by control inputs, which also gives every rank the same order. (TensorFlow's kernels that
 * give their result later, through a `done` call, cannot be had through its C interface: the call is gone once `compute`
 * has returned.)
 */
#include <limits.h>
#include <string.h>

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <queue>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
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

/** The all-reduces of a lane that nobody waits for yet: a thread makes them, one after the other. */
class Background {
 public:
  static Background& of(Lane lane) {
    static Background* const all = new Background[kLanes];  // never destroyed, as its threads may outlive the rest
    return all[lane];
  }

  /** Has work done that says what failed. @returns a ticket for {@link end}, which is called once for each. */
  int64_t begin(std::function<std::string()> work) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!started_) std::thread([this] { run(); }).detach();
    started_ = true;
    const int64_t ticket = next_++;
    waiting_.emplace(ticket, std::move(work));
    changed_.notify_all();
    return ticket;
  }

  /** Waits until it is done. @returns what failed; empty where nothing has. */
  std::string end(int64_t ticket) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return done_.count(ticket) > 0; });
    const auto found = done_.find(ticket);
    std::string why = std::move(found->second);
    done_.erase(found);
    return why;
  }

 private:
  void run() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return !waiting_.empty(); });
      auto [ticket, work] = std::move(waiting_.front());
      waiting_.pop();
      lock.unlock();
      std::string why = work();
      work = nullptr;  // lets go of the tensors, which whoever waits wants for himself
      lock.lock();
      done_.emplace(ticket, std::move(why));
      changed_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool started_ = false;
  int64_t next_ = 0;
  std::queue<std::pair<int64_t, std::function<std::string()>>> waiting_;
  std::unordered_map<int64_t, std::string> done_;
};

/** What an operation of a graph reduces, and how. */
class AllReduce {
 public:
  AllReduce(const Way& way, bool average) : way_(way), average_(average) {}

  Lane lane() const { return way_.lane; }

  /** The outputs, with the values of as many inputs. */
  static std::vector<OwnedTensor> copies(TF_OpKernelContext* context, int count, TF_Status* status) {
    std::vector<OwnedTensor> results(count);
    for (size_t i = 0; i < results.size() && TF_GetCode(status) == TF_OK; ++i) results[i] = copy(context, i, status);
    return results;
  }

  /** In place. */
  void reduce_all(const std::vector<OwnedTensor>& tensors, TF_Status* status) const {
    std::vector<Part> parts;
    int64_t total = 0;
    for (const OwnedTensor& tensor : tensors) {
      parts.push_back({floats(tensor), count_of(tensor)});
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
  void reduce_pieces(const Part& whole, TF_Status* status) const {
    for (int64_t begin = 0; begin < whole.count; begin += kPiece) {
      float* const piece = static_cast<float*>(whole.values) + begin;
      if (!reduce({{piece, std::min(kPiece, whole.count - begin)}}, status)) return;
    }
  }

  /** At the same time, each where it is but for the small ones, which travel as one. */
  void reduce_together(const std::vector<Part>& parts, TF_Status* status) const {
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
  bool reduce(const std::vector<Part>& parts, TF_Status* status) const {
    if (way_.number == kFloat32) return sum(parts, factor(), status);
    if (way_.number == kBfloat16) return reduce_as<Bfloat16>(parts, status);
    return reduce_as<Float16>(parts, status);
  }

  /** Scaled before they travel: their sum might be beyond the largest number. */
  template <class Half>
  bool reduce_as(const std::vector<Part>& parts, TF_Status* status) const {
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

  bool sum(const std::vector<Part>& parts, float factor, TF_Status* status) const {
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

using Work = void (*)(const AllReduce& all_reduce, TF_OpKernelContext* context, TF_Status* status);

void wait_for_all(const AllReduce& all_reduce, TF_OpKernelContext* context, TF_Status* status) {
  const std::vector<OwnedTensor> results = AllReduce::copies(context, TF_NumInputs(context), status);
  if (TF_GetCode(status) == TF_OK) all_reduce.reduce_all(results, status);
}

/** Its last output is the ticket; the others are not to be looked at before the end. */
void begin(const AllReduce& all_reduce, TF_OpKernelContext* context, TF_Status* status) {
  const int count = TF_NumInputs(context);
  auto results = std::make_shared<std::vector<OwnedTensor>>(AllReduce::copies(context, count, status));
  if (TF_GetCode(status) != TF_OK) return;
  const OwnedTensor ticket(TF_AllocateOutput(context, count, TF_INT64, nullptr, 0, sizeof(int64_t), status));
  if (TF_GetCode(status) != TF_OK) return;
  // The graph may be gone before the work is done, where another of its operations fails.
  const auto work = [all_reduce, results]() -> std::string {
    const OwnedStatus failed(TF_NewStatus());
    all_reduce.reduce_all(*results, failed.get());
    return TF_GetCode(failed.get()) == TF_OK ? "" : TF_Message(failed.get());
  };
  *static_cast<int64_t*>(TF_TensorData(ticket.get())) = Background::of(all_reduce.lane()).begin(work);
}

/** Its last input is the ticket. */
void end(const AllReduce& all_reduce, TF_OpKernelContext* context, TF_Status* status) {
  const int count = TF_NumInputs(context) - 1;
  TF_Tensor* ticket = nullptr;
  TF_GetInput(context, count, &ticket, status);
  if (TF_GetCode(status) != TF_OK) return;
  const OwnedTensor owned(ticket);
  const std::string why = Background::of(all_reduce.lane()).end(*static_cast<int64_t*>(TF_TensorData(ticket)));
  if (!why.empty()) return TF_SetStatus(status, TF_FAILED_PRECONDITION, why.c_str());
  AllReduce::copies(context, count, status);
}

template <Work work>
void compute(void* kernel, TF_OpKernelContext* context) {
  const OwnedStatus status(TF_NewStatus());
  work(*static_cast<AllReduce*>(kernel), context, status.get());
  if (TF_GetCode(status.get()) != TF_OK) TF_OpKernelContext_Failure(context, status.get());
}

void destroy(void* kernel) { delete static_cast<AllReduce*>(kernel); }

/** The first outputs have the shapes of as many inputs. */
void copy_shapes(TF_ShapeInferenceContext* context, int64_t count, TF_Status* status) {
  TF_ShapeHandle* const shape = TF_NewShapeHandle();
  for (int i = 0; i < count && TF_GetCode(status) == TF_OK; ++i) {
    TF_ShapeInferenceContextGetInput(context, i, shape, status);
    if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextSetOutput(context, i, shape, status);
  }
  TF_DeleteShapeHandle(shape);
}

void whole_shapes(TF_ShapeInferenceContext* context, TF_Status* status) {
  copy_shapes(context, TF_ShapeInferenceContextNumInputs(context), status);
}

void begin_shapes(TF_ShapeInferenceContext* context, TF_Status* status) {
  const int64_t count = TF_ShapeInferenceContextNumInputs(context);
  copy_shapes(context, count, status);
  if (TF_GetCode(status) != TF_OK) return;
  TF_ShapeHandle* const ticket = TF_ShapeInferenceContextScalar(context);
  TF_ShapeInferenceContextSetOutput(context, static_cast<int>(count), ticket, status);
  TF_DeleteShapeHandle(ticket);
}

void end_shapes(TF_ShapeInferenceContext* context, TF_Status* status) {
  copy_shapes(context, TF_ShapeInferenceContextNumInputs(context) - 1, status);
}

using Shapes = void (*)(TF_ShapeInferenceContext* context, TF_Status* status);

constexpr const char* kTicket = "ticket: int64";

/**
 * @param more_input What comes in behind the tensors; null for nothing.
 * @param more_output What goes out behind them.
 */
template <Work work>
void register_as(const char* type, Shapes shapes, const char* more_input, const char* more_output) {
  TF_OpDefinitionBuilder* const definition = TF_NewOpDefinitionBuilder(type);
  TF_OpDefinitionBuilderAddAttr(definition, "N: int >= 1");
  TF_OpDefinitionBuilderAddAttr(definition, "lane: int");
  TF_OpDefinitionBuilderAddAttr(definition, "average: bool");
  TF_OpDefinitionBuilderAddAttr(definition, "compression: {'none', 'bfloat16', 'float16'} = 'none'");
  TF_OpDefinitionBuilderAddAttr(definition, "route: {'flat', 'by-hosts'} = 'flat'");
  TF_OpDefinitionBuilderAddInput(definition, "values: N * float");
  if (more_input != nullptr) TF_OpDefinitionBuilderAddInput(definition, more_input);
  TF_OpDefinitionBuilderAddOutput(definition, "reduced: N * float");
  if (more_output != nullptr) TF_OpDefinitionBuilderAddOutput(definition, more_output);
  TF_OpDefinitionBuilderSetIsStateful(definition, true);
  TF_OpDefinitionBuilderSetShapeInferenceFunction(definition, shapes);
  const OwnedStatus status(TF_NewStatus());
  TF_RegisterOpDefinition(definition, status.get());
  if (TF_GetCode(status.get()) != TF_OK) return;
  TF_RegisterKernelBuilder(type, TF_NewKernelBuilder(type, "CPU", create, compute<work>, destroy), status.get());
}

/** Runs while TF_LoadLibrary loads this file. */
__attribute__((constructor)) void register_operations() {
  register_as<wait_for_all>("BluewatersAllReduce", whole_shapes, nullptr, nullptr);
  register_as<begin>("BluewatersBeginAllReduce", begin_shapes, nullptr, kTicket);
  register_as<end>("BluewatersEndAllReduce", end_shapes, kTicket, nullptr);
}

}  // namespace
}  // namespace bluewaters
