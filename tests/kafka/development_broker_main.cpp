// SPDX-License-Identifier: Apache-2.0
// The development broker as a process of its own, so that it outlives a server that is killed.
// Takes names of topics, each with its number of partitions, prints its address, runs until its
// input ends.
#include "persistence/development_broker.hpp"

#include <cstdlib>
#include <iostream>
#include <string>

int main(int count, char** arguments) {
  if (count < 3 || count % 2 == 0) {
    std::cerr << "usage: kafka_development_broker TOPIC PARTITIONS [TOPIC PARTITIONS ...]\n";
    return 2;
  }
  const auto broker = dossier::development_broker::start();
  if (!broker) {
    std::cerr << broker.error().why << '\n';
    return 1;
  }
  for (int i = 1; i < count; i += 2) {
    const auto partitions = static_cast<std::uint32_t>(std::strtoul(arguments[i + 1], nullptr, 10));
    if (const auto made = (*broker)->create_topic(arguments[i], partitions); !made) {
      std::cerr << made.error().why << '\n';
      return 1;
    }
  }
  std::cout << (*broker)->bootstrap_servers() << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
  }
  return 0;
}
