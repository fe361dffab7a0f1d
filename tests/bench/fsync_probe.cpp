// SPDX-License-Identifier: Apache-2.0
// How fast this disk is: appends of a fixed size, each followed by fdatasync, for a while. Prints
// JSON.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: fsync_probe FILE BYTES SECONDS\n");
    return 2;
  }
  using clock = std::chrono::steady_clock;
  const std::string block(static_cast<std::size_t>(std::atoi(argv[2])), 'x');
  const int file = ::open(argv[1], O_CREAT | O_TRUNC | O_WRONLY | O_APPEND, 0600);
  std::vector<double> took_us;
  const auto end = clock::now() + std::chrono::duration<double>(std::atof(argv[3]));
  for (auto now = clock::now(); now < end;) {
    if (::write(file, block.data(), block.size()) != static_cast<ssize_t>(block.size())
        || ::fdatasync(file) != 0) {
      std::perror("fsync_probe: cannot append and sync");
      return 1;
    }
    const auto then = std::exchange(now, clock::now());
    took_us.push_back(std::chrono::duration<double, std::micro>(now - then).count());
  }
  ::close(file);
  ::unlink(argv[1]);
  std::sort(took_us.begin(), took_us.end());
  double total_us = 0;
  for (const double each : took_us)
    total_us += each;
  std::printf("{\"rate\": %.1f, \"p50_us\": %.1f, \"p99_us\": %.1f}\n",
              static_cast<double>(took_us.size()) * 1e6 / total_us, took_us[took_us.size() / 2],
              took_us[took_us.size() * 99 / 100]);
}
