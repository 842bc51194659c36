/**
 * MPI's functions, found when the program runs: nothing of MPI is needed to compile this. Two binary interfaces are
 * known. That of MPICH (Debian's libmpich.so.12, Cray's libmpi.so.12, Intel's) has integers for handles, that of Open
 * MPI has pointers to objects of its own. Passed as a pointer, an integer arrives in the same register, and written
 * into a pointer that was null it fills the low half, on x86-64 and on aarch64; so one declaration serves for both.
 */
#ifndef BLUEWATERS_MPI_H_
#define BLUEWATERS_MPI_H_

#include <dlfcn.h>
#include <stdint.h>

#include <string>

namespace bluewaters {

/** A communicator, datatype, operation, request or error handler. */
using Handle = void*;

constexpr int kThreadFunneled = 1;

/** An opened MPI library. */
class Mpi {
 public:
  /** @param why Filled when it returns false. */
  bool open(const char* path, std::string* why) {
    // Open MPI's own plug-ins look for its symbols among the global ones.
    void* const library = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
    if (library == nullptr) {
      *why = dlerror();
      return false;
    }
    find_functions(library);
    if (missing_ != nullptr) {
      *why = std::string(path) + " has no " + missing_;
      return false;
    }
    find_constants(library);
    return true;
  }

  int (*init_thread)(int*, char***, int, int*);
  int (*finalize)();
  int (*get_library_version)(char*, int*);
  int (*error_string)(int, char*, int*);
  int (*comm_rank)(Handle, int*);
  int (*comm_size)(Handle, int*);
  int (*comm_dup)(Handle, Handle*);
  int (*comm_split)(Handle, int, int, Handle*);
  int (*comm_set_errhandler)(Handle, Handle);
  int (*op_create)(void (*)(void*, void*, int*, void*), int, Handle*);
  int (*allgather)(const void*, int, Handle, void*, int, Handle, Handle);
  int (*iallreduce)(const void*, void*, int, Handle, Handle, Handle, Handle*);
  int (*ireduce)(const void*, void*, int, Handle, Handle, int, Handle, Handle*);
  int (*iallgather)(const void*, int, Handle, void*, int, Handle, Handle, Handle*);
  int (*ibcast)(void*, int, Handle, int, Handle, Handle*);
  int (*ibarrier)(Handle, Handle*);
  int (*isend)(const void*, int, Handle, int, int, Handle, Handle*);
  int (*irecv)(void*, int, Handle, int, int, Handle, Handle*);
  int (*test)(Handle*, int*, void*);

  Handle world, float32, uint16, byte, sum, errors_return;
  void* in_place;
  void* status_ignore;
  int any_source;

 private:
  template <typename Function>
  void find(void* library, Function* function, const char* name) {
    *function = reinterpret_cast<Function>(dlsym(library, name));
    if (*function == nullptr && missing_ == nullptr) missing_ = name;
  }

  void find_functions(void* library) {
    missing_ = nullptr;
    find(library, &init_thread, "MPI_Init_thread");
    find(library, &finalize, "MPI_Finalize");
    find(library, &get_library_version, "MPI_Get_library_version");
    find(library, &error_string, "MPI_Error_string");
    find(library, &comm_rank, "MPI_Comm_rank");
    find(library, &comm_size, "MPI_Comm_size");
    find(library, &comm_dup, "MPI_Comm_dup");
    find(library, &comm_split, "MPI_Comm_split");
    find(library, &comm_set_errhandler, "MPI_Comm_set_errhandler");
    find(library, &op_create, "MPI_Op_create");
    find(library, &allgather, "MPI_Allgather");
    find(library, &iallreduce, "MPI_Iallreduce");
    find(library, &ireduce, "MPI_Ireduce");
    find(library, &iallgather, "MPI_Iallgather");
    find(library, &ibcast, "MPI_Ibcast");
    find(library, &ibarrier, "MPI_Ibarrier");
    find(library, &isend, "MPI_Isend");
    find(library, &irecv, "MPI_Irecv");
    find(library, &test, "MPI_Test");
  }

  static Handle number(uintptr_t value) { return reinterpret_cast<Handle>(value); }

  void find_constants(void* library) {
    world = dlsym(library, "ompi_mpi_comm_world");
    if (world != nullptr) {
      float32 = dlsym(library, "ompi_mpi_float");
      uint16 = dlsym(library, "ompi_mpi_unsigned_short");
      byte = dlsym(library, "ompi_mpi_byte");
      sum = dlsym(library, "ompi_mpi_op_sum");
      errors_return = dlsym(library, "ompi_mpi_errors_return");
      in_place = number(1);
      status_ignore = nullptr;
      any_source = -1;
    } else {
      world = number(0x44000000);
      float32 = number(0x4c00040a);
      uint16 = number(0x4c000204);
      byte = number(0x4c00010d);
      sum = number(0x58000003);
      errors_return = number(0x54000001);
      in_place = number(UINTPTR_MAX);
      status_ignore = number(1);
      any_source = -2;
    }
  }

  const char* missing_ = nullptr;
};

}  // namespace bluewaters

#endif  // BLUEWATERS_MPI_H_
