#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs a test of this folder against the Kafka that DOSSIER_KAFKA_SERVERS names: PROGRAM [ARGUMENTS]. Exits
# with 77 (skipped) if it names none; ./dev test starts one and names it.
set -euo pipefail

if [[ -z ${DOSSIER_KAFKA_SERVERS:-} ]]; then
  printf 'skipped: DOSSIER_KAFKA_SERVERS names no Kafka; ./dev kafka start runs one\n'
  exit 77
fi
# The variable is no setting of dossier, which refuses what it does not know.
exec env --unset=DOSSIER_KAFKA_SERVERS "$@" --servers "$DOSSIER_KAFKA_SERVERS"
