// SPDX-License-Identifier: Apache-2.0
#define DOSSIER_JSON_INSTANCES
#include "tests/support/json_instances.hpp"
