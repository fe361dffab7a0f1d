// SPDX-License-Identifier: Apache-2.0
// `dossier serve`: builds every part in order, waits for a signal, stops them in the reverse order.
#pragma once

#include "config/settings.hpp"

namespace dossier {

/// Returns the process's exit code: 0 after a clean stop, 1 when a part could not be had (said on
/// stderr).
int serve(const settings& s);

} // namespace dossier
