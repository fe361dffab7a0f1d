// SPDX-License-Identifier: Apache-2.0
// librdkafka starts its threads with C11's functions, which ThreadSanitizer does not know:
// such a thread has no state of its sanitizer and crashes in the first call that it watches.
// In programs under ThreadSanitizer these definitions come before libc's and go by way of pthreads.
#include <pthread.h>
#include <threads.h>

#include <cstdint>
#include <new>

namespace {

struct start {
  thrd_start_t function;
  void* argument;
};

void* run(void* given) {
  const auto what = *static_cast<start*>(given);
  delete static_cast<start*>(given);
  return reinterpret_cast<void*>(static_cast<std::intptr_t>(what.function(what.argument)));
}

} // namespace

extern "C" int thrd_create(thrd_t* thread, thrd_start_t function, void* argument) {
  auto* what = new (std::nothrow) start{function, argument};
  if (what == nullptr)
    return thrd_nomem;
  if (pthread_create(thread, nullptr, run, what) != 0) {
    delete what;
    return thrd_error;
  }
  return thrd_success;
}

extern "C" int thrd_join(thrd_t thread, int* code) {
  void* ended = nullptr;
  if (pthread_join(thread, &ended) != 0)
    return thrd_error;
  if (code != nullptr)
    *code = static_cast<int>(reinterpret_cast<std::intptr_t>(ended));
  return thrd_success;
}
