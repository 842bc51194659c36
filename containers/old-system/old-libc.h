// Read before anything else of what `old-g++` compiles: the compiler's C++ library counts on the C library of its own system,
// which is newer than the one that is linked to.
#pragma once

#include <bits/c++config.h>

// Waits by a clock of choice came with glibc 2.30.
#undef _GLIBCXX_USE_PTHREAD_COND_CLOCKWAIT
#undef _GLIBCXX_USE_PTHREAD_MUTEX_CLOCKLOCK
#undef _GLIBCXX_USE_PTHREAD_RWLOCK_CLOCKLOCK

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define OLD_LIBC __attribute__((weak, visibility("hidden")))

extern "C" {
// What the compiled part of the C++ library asks for: of glibc 2.32; more than one thread is always right.
OLD_LIBC char __libc_single_threaded = 0;

// Of glibc 2.25. The kernel may be older than its call for random bytes.
OLD_LIBC int getentropy(void* bytes, size_t count) {
  const int file = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
  if (file < 0) return -1;
  const ssize_t got = read(file, bytes, count);
  close(file);
  return got == static_cast<ssize_t>(count) ? 0 : -1;
}

// Of glibc 2.36, which never fails.
OLD_LIBC unsigned arc4random() {
  unsigned number = 0;
  if (getentropy(&number, sizeof number) != 0) abort();
  return number;
}
}
