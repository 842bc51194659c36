/**
 * An operation of our own, BluewatersReadRecords: the payloads of TFRecord records, each by file, offset and length, so
 * that tf.data can read them in any order. Stock operations read a file from its beginning only.
 *
 * It uses nothing but TensorFlow's C interface and needs no newer C library than TensorFlow itself. `npm run setup`
 * compiles it; `src/native-operations.ts` loads it; `src/dataset/records-at.ts` is its one caller.
 *
 * A record is: length of the payload (uint64, little-endian), masked CRC-32C of those eight bytes (uint32), the
 * payload, masked CRC-32C of the payload (uint32).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

#include "tensorflow/c/ops.h"
#include "tensorflow/c/tf_datatype.h"
#include "tensorflow/c/tf_tstring.h"
#include "tensors.h"

namespace bluewaters {
namespace {

constexpr int64_t kHeaderBytes = 12;
constexpr int64_t kFooterBytes = 4;

// ---- CRC-32C -------------------------------------------------------------------------------------------------------

/** Three lanes of this many bytes hide the three cycles that the CPU's instruction takes. */
constexpr size_t kLaneBytes = 2048;

/** CRC-32C, by the CPU's own instruction where it has one, else by a table. */
class Crc32c {
 public:
  Crc32c() {
    for (uint32_t byte = 0; byte < 256; ++byte) {
      uint32_t crc = byte;
      for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) ? 0x82f63b78u : 0u);
      bytes_[byte] = crc;
    }
    fill_skip_tables();
#if defined(__x86_64__)
    hardware_ = __builtin_cpu_supports("sse4.2");
#endif
  }

  /** As TFRecord files store it: rotated by 15 bits, plus a constant. */
  uint32_t masked(const char* data, size_t length) const {
    const uint32_t crc = ~extend(0xffffffffu, reinterpret_cast<const uint8_t*>(data), length);
    return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
  }

 private:
  uint32_t extend(uint32_t crc, const uint8_t* data, size_t length) const {
#if defined(__x86_64__)
    if (hardware_) return extend_in_hardware(crc, data, length);
#endif
    for (; length > 0; --length) crc = next(crc, *data++);
    return crc;
  }

  uint32_t next(uint32_t crc, uint8_t byte) const { return (crc >> 8) ^ bytes_[(crc ^ byte) & 0xff]; }

#if defined(__x86_64__)
  __attribute__((target("sse4.2"))) uint32_t extend_in_hardware(uint32_t start, const uint8_t* data,
                                                                size_t length) const {
    uint64_t crc = start;
    for (; length >= 3 * kLaneBytes; data += 3 * kLaneBytes, length -= 3 * kLaneBytes) {
      uint64_t second = 0, third = 0;
      for (size_t i = 0; i < kLaneBytes; i += 8) {
        crc = _mm_crc32_u64(crc, word(data + i));
        second = _mm_crc32_u64(second, word(data + kLaneBytes + i));
        third = _mm_crc32_u64(third, word(data + 2 * kLaneBytes + i));
      }
      crc = skip_lane(skip_lane(static_cast<uint32_t>(crc)) ^ static_cast<uint32_t>(second)) ^ third;
    }
    for (; length >= 8; data += 8, length -= 8) crc = _mm_crc32_u64(crc, word(data));
    uint32_t end = static_cast<uint32_t>(crc);
    for (; length > 0; --length) end = _mm_crc32_u8(end, *data++);
    return end;
  }
#endif

  static uint64_t word(const uint8_t* data) {
    uint64_t value;
    memcpy(&value, data, sizeof value);
    return value;
  }

  /** What a lane's CRC becomes behind another lane: linear in its bits, so one table for each of its four bytes. */
  uint32_t skip_lane(uint32_t crc) const {
    return skip_[0][crc & 0xff] ^ skip_[1][(crc >> 8) & 0xff] ^ skip_[2][(crc >> 16) & 0xff] ^ skip_[3][crc >> 24];
  }

  void fill_skip_tables() {
    for (int bit = 0; bit < 32; ++bit) {
      uint32_t crc = 1u << bit;
      for (size_t i = 0; i < kLaneBytes; ++i) crc = next(crc, 0);
      for (uint32_t byte = 0; byte < 256; ++byte) {
        if (byte & (1u << (bit % 8))) skip_[bit / 8][byte] ^= crc;
      }
    }
  }

  uint32_t bytes_[256] = {};
  uint32_t skip_[4][256] = {};
  bool hardware_ = false;
};

// ---- Open files ----------------------------------------------------------------------------------------------------

/** An open file, closed when its last reader has done with it. */
class OpenFile {
 public:
  explicit OpenFile(int descriptor) : descriptor_(descriptor) {}
  ~OpenFile() { close(descriptor_); }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int descriptor() const { return descriptor_; }

 private:
  const int descriptor_;
};

/** The files that were read lately, kept open: opening one on a parallel file system asks a server far away. */
class OpenFiles {
 public:
  /** Null, with `errno` set, when it cannot be opened. */
  std::shared_ptr<OpenFile> get(const std::string& path) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      const auto found = files_.find(path);
      if (found != files_.end()) {
        found->second.used = ++clock_;
        return found->second.file;
      }
    }
    const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return nullptr;
    std::lock_guard<std::mutex> lock(mutex_);
    if (files_.size() >= limit()) forget_oldest();
    Entry& entry = files_[path];
    entry = {std::make_shared<OpenFile>(descriptor), ++clock_};
    return entry.file;
  }

  /** After a failure, so that the next attempt opens what is there by then. */
  void forget(const std::string& path) {
    std::lock_guard<std::mutex> lock(mutex_);
    files_.erase(path);
  }

 private:
  struct Entry {
    std::shared_ptr<OpenFile> file;
    uint64_t used = 0;
  };

  /** At most half of what the process may open. */
  static size_t limit() {
    rlimit allowed{};
    if (getrlimit(RLIMIT_NOFILE, &allowed) != 0) return 64;
    return std::min<size_t>(2048, std::max<size_t>(8, allowed.rlim_cur / 2));
  }

  void forget_oldest() {
    const auto older = [](const auto& a, const auto& b) { return a.second.used < b.second.used; };
    files_.erase(std::min_element(files_.begin(), files_.end(), older));
  }

  std::mutex mutex_;
  std::unordered_map<std::string, Entry> files_;
  uint64_t clock_ = 0;
};

// ---- One record ----------------------------------------------------------------------------------------------------

struct Place {
  std::string path;
  int64_t offset;
  int64_t length;
};

struct Failure {
  TF_Code code;
  std::string words;
};

const Crc32c& crc32c() {
  static const Crc32c crc;
  return crc;
}

OpenFiles& open_files() {
  static OpenFiles* const files = new OpenFiles;  // never destroyed: threads may read until the process ends
  return *files;
}

/** `src/run-failure.ts` finds file and offset in these words. */
Failure corrupted(const Place& place, const std::string& why) {
  return {TF_DATA_LOSS, "corrupted record at " + std::to_string(place.offset) + " in '" + place.path + "': " + why};
}

/** Fills the parts one after the other, in as many calls as it takes. @returns Bytes read, or -1 with `errno` set. */
int64_t read_parts(int descriptor, int64_t offset, iovec* part, iovec* end) {
  int64_t done = 0;
  while (part < end) {
    ssize_t got = preadv(descriptor, part, static_cast<int>(end - part), offset + done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -1;
    if (got == 0) return done;  // the end of the file
    done += got;
    for (; part < end && static_cast<size_t>(got) >= part->iov_len; ++part) got -= part->iov_len;
    if (part < end) *part = {static_cast<char*>(part->iov_base) + got, part->iov_len - got};
  }
  return done;
}

uint32_t little_endian_32(const char* bytes) {
  uint32_t value;
  memcpy(&value, bytes, sizeof value);
  return value;
}

/** The header's and the payload's checks. @returns False with `failure` filled. */
bool check_record(const Place& place, const char* header, const char* payload, const char* footer, Failure* failure) {
  const int64_t payload_bytes = place.length - kHeaderBytes - kFooterBytes;
  uint64_t said;
  memcpy(&said, header, sizeof said);
  if (crc32c().masked(header, 8) != little_endian_32(header + 8)) {
    *failure = corrupted(place, "the checksum of its length is wrong");
  } else if (said != static_cast<uint64_t>(payload_bytes)) {
    *failure = corrupted(place, "expected a payload of " + std::to_string(payload_bytes) + " bytes, got " +
                                    std::to_string(said));
  } else if (crc32c().masked(payload, payload_bytes) != little_endian_32(footer)) {
    *failure = corrupted(place, "the checksum of its payload is wrong");
  } else {
    return true;
  }
  return false;
}

/** Reads and checks one record, straight into `record`. @returns False with `failure` filled. */
bool read_record(const Place& place, TF_TString* record, Failure* failure) {
  const int64_t payload_bytes = place.length - kHeaderBytes - kFooterBytes;
  if (payload_bytes < 0 || place.offset < 0) {
    *failure = corrupted(place, "no record has " + std::to_string(place.length) + " bytes");
    return false;
  }
  const std::shared_ptr<OpenFile> file = open_files().get(place.path);
  if (!file) {
    const TF_Code code = errno == ENOENT ? TF_NOT_FOUND : TF_UNKNOWN;
    *failure = {code, place.path + "; " + strerror(errno)};
    return false;
  }
  char header[kHeaderBytes], footer[kFooterBytes];
  char* payload = TF_TString_ResizeUninitialized(record, payload_bytes);
  iovec parts[3] = {{header, kHeaderBytes}, {payload, static_cast<size_t>(payload_bytes)}, {footer, kFooterBytes}};
  const int64_t got = read_parts(file->descriptor(), place.offset, parts, parts + 3);
  if (got < 0) {
    *failure = {TF_UNKNOWN, place.path + "; " + strerror(errno)};
  } else if (got < place.length) {
    *failure = corrupted(place, "expected " + std::to_string(place.length) + " bytes, got " + std::to_string(got));
  } else if (check_record(place, header, payload, footer, failure)) {
    return true;
  }
  open_files().forget(place.path);
  return false;
}

// ---- The kernel ----------------------------------------------------------------------------------------------------

const int64_t* int64s(const OwnedTensor& tensor) { return static_cast<const int64_t*>(TF_TensorData(tensor.get())); }

std::string text(const TF_TString* string) {
  return std::string(TF_TString_GetDataPointer(string), TF_TString_GetSize(string));
}

enum Input { kFiles, kFileIndex, kOffset, kLength, kStart, kCount, kInputs };

/** Reads the records of the rows from `start` on, `count` at most, into the output, one after the other. */
void read_rows(TF_OpKernelContext* context, TF_Status* status) {
  OwnedTensor inputs[kInputs];
  for (int i = 0; i < kInputs; ++i) {
    inputs[i] = input(context, i, status);
    if (TF_GetCode(status) != TF_OK) return;
  }
  const int64_t files = TF_TensorElementCount(inputs[kFiles].get());
  const int64_t rows = TF_TensorElementCount(inputs[kOffset].get());
  const int64_t start = *int64s(inputs[kStart]);
  if (TF_TensorElementCount(inputs[kFileIndex].get()) != rows || TF_TensorElementCount(inputs[kLength].get()) != rows) {
    return TF_SetStatus(status, TF_INVALID_ARGUMENT, "file_index, offset and length differ in length");
  }
  if (start < 0 || start > rows) return TF_SetStatus(status, TF_INVALID_ARGUMENT, "start is none of the rows");
  const int64_t count = std::max<int64_t>(0, std::min(*int64s(inputs[kCount]), rows - start));
  const OwnedTensor output(
      TF_AllocateOutput(context, 0, TF_STRING, &count, 1, count * sizeof(TF_TString), status));
  if (TF_GetCode(status) != TF_OK) return;
  const auto* paths = static_cast<const TF_TString*>(TF_TensorData(inputs[kFiles].get()));
  auto* records = static_cast<TF_TString*>(TF_TensorData(output.get()));
  for (int64_t i = 0; i < count; ++i) {
    const int64_t file = int64s(inputs[kFileIndex])[start + i];
    if (file < 0 || file >= files) return TF_SetStatus(status, TF_INVALID_ARGUMENT, "file_index names no file");
    const Place place{text(paths + file), int64s(inputs[kOffset])[start + i], int64s(inputs[kLength])[start + i]};
    Failure failure;
    if (read_record(place, records + i, &failure)) continue;
    return TF_SetStatus(status, failure.code, failure.words.c_str());
  }
}

void compute(void*, TF_OpKernelContext* context) {
  TF_Status* status = TF_NewStatus();
  read_rows(context, status);
  if (TF_GetCode(status) != TF_OK) TF_OpKernelContext_Failure(context, status);
  TF_DeleteStatus(status);
}

void vector_of_some(TF_ShapeInferenceContext* context, TF_Status* status) {
  TF_ShapeHandle* shape = TF_ShapeInferenceContextVectorFromSize(context, static_cast<size_t>(-1));
  TF_ShapeInferenceContextSetOutput(context, 0, shape, status);
  TF_DeleteShapeHandle(shape);
}

void* no_state(TF_OpKernelConstruction*) { return nullptr; }
void delete_nothing(void*) {}

/** Runs while TF_LoadLibrary loads this file. */
__attribute__((constructor)) void register_operation() {
  TF_OpDefinitionBuilder* definition = TF_NewOpDefinitionBuilder("BluewatersReadRecords");
  TF_OpDefinitionBuilderAddInput(definition, "files: string");
  TF_OpDefinitionBuilderAddInput(definition, "file_index: int64");
  TF_OpDefinitionBuilderAddInput(definition, "offset: int64");
  TF_OpDefinitionBuilderAddInput(definition, "length: int64");
  TF_OpDefinitionBuilderAddInput(definition, "start: int64");
  TF_OpDefinitionBuilderAddInput(definition, "count: int64");
  TF_OpDefinitionBuilderAddOutput(definition, "records: string");
  TF_OpDefinitionBuilderSetShapeInferenceFunction(definition, vector_of_some);
  TF_Status* status = TF_NewStatus();
  TF_RegisterOpDefinition(definition, status);
  if (TF_GetCode(status) == TF_OK) {
    TF_RegisterKernelBuilder(
        "BluewatersReadRecords",
        TF_NewKernelBuilder("BluewatersReadRecords", "CPU", no_state, compute, delete_nothing), status);
  }
  TF_DeleteStatus(status);
}

}  // namespace
}  // namespace bluewaters
