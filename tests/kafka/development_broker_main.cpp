// SPDX-License-Identifier: Apache-2.0
// The development broker as a process of its own, so that it outlives a server that is killed.
// Takes the name of a topic and its number of partitions, prints its address, runs until its input
// ends.
#include "persistence/development_broker.hpp"

#include <cstdlib>
#include <iostream>
#include <string>

int main(int count, char** arguments) {
  if (count != 3) {
    std::cerr << "usage: kafka_development_broker TOPIC PARTITIONS\n";
    return 2;
  }
  const auto broker = dossier::development_broker::start();
  if (!broker) {
    std::cerr << broker.error().why << '\n';
    return 1;
  }
  const auto partitions = static_cast<std::uint32_t>(std::strtoul(arguments[2], nullptr, 10));
  if (const auto made = (*broker)->create_topic(arguments[1], partitions); !made) {
    std::cerr << made.error().why << '\n';
    return 1;
  }
  std::cout << (*broker)->bootstrap_servers() << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
  }
  return 0;
}
