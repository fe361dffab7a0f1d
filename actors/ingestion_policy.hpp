// SPDX-License-Identifier: Apache-2.0
// What the rules of ingestion jobs take from the settings. Pure.
#pragma once

#include "actors/ingestion/rules.hpp"
#include "config/settings.hpp"

namespace dossier {

ingestion::policy policy_of(const ingestion_settings& s);

} // namespace dossier
