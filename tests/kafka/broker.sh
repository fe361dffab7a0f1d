#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# One Apache Kafka broker for tests and for trying things out. It listens on loopback only, is its own
# controller (KRaft), and keeps everything under build/kafka, data included. KAFKA_PORT and the port
# above it are taken; 19092 unless set.
#   start         and wait until it answers; exits with 77 where Maven cannot get the jars
#   stop          and wait until it has ended
#   running       exits with 0 if it is there, prints its address
#   tool CLASS …  runs one of Kafka's own programs out of the same jars
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.."

port=${KAFKA_PORT:-19092}
home=$PWD/build/kafka
pid_file=$home/pid
answers_s_max=120
stops_s_max=60
fetch_s_max=300

fail() {
  printf 'kafka: %s\n' "$*" >&2
  exit 1
}

# Succeeds if the process of the pid file is there and is the broker.
is_running() {
  local pid
  pid=$(cat "$pid_file" 2>/dev/null) || return 1
  [[ $(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline") == *"kafka.Kafka $home/server.properties"* ]]
}

is_answering() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# The jars that pom.xml pins; fetched again when it changes.
fetch_jars() {
  local wanted
  wanted=$(sha256sum <tests/kafka/pom.xml)
  [[ $(cat "$home/jars.of" 2>/dev/null) != "$wanted" ]] || return 0
  rm -rf "$home/jars"
  if ! timeout "$fetch_s_max" mvn -q -B -f tests/kafka/pom.xml dependency:copy-dependencies -DincludeScope=runtime \
    -DoutputDirectory="$home/jars" >&2; then
    printf 'kafka: Maven could not get the jars of tests/kafka/pom.xml\n' >&2
    exit 77
  fi
  printf '%s\n' "$wanted" >"$home/jars.of"
}

write_properties() {
  cat >"$home/server.properties" <<PROPERTIES
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$((port + 1))
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:$((port + 1))
log.dirs=$home/data
auto.create.topics.enable=false
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=4000
broker.heartbeat.interval.ms=500
PROPERTIES
  cat >"$home/log4j.properties" <<PROPERTIES
log4j.rootLogger=WARN, file
log4j.appender.file=org.apache.log4j.RollingFileAppender
log4j.appender.file.File=$home/broker.log
log4j.appender.file.MaxFileSize=16MB
log4j.appender.file.MaxBackupIndex=1
log4j.appender.file.layout=org.apache.log4j.PatternLayout
log4j.appender.file.layout.ConversionPattern=%d{ISO8601} %p %c: %m%n
PROPERTIES
}

kafka_java() {
  java -Xms256m -Xmx512m -Dlog4j.configuration="file:$home/log4j.properties" -cp "$home/jars/*" "$@"
}

start() {
  local waited cluster
  if is_running; then
    printf 'kafka answers on 127.0.0.1:%s\n' "$(cat "$home/port")"
    return
  fi
  mkdir -p "$home"
  for waited in "$port" "$((port + 1))"; do
    ! is_answering "$waited" || fail "port $waited is taken by another program; set KAFKA_PORT"
  done
  fetch_jars
  write_properties
  if [[ ! -e $home/data/meta.properties ]]; then
    cluster=$(kafka_java kafka.tools.StorageTool random-uuid)
    kafka_java kafka.tools.StorageTool format -t "$cluster" -c "$home/server.properties" >"$home/broker.out" 2>&1 \
      || fail "the data directory could not be formatted; $home/broker.out says why"
  fi
  # In a session of its own, so that an interrupt meant for a test does not reach it.
  setsid java -Xms256m -Xmx512m -Dlog4j.configuration="file:$home/log4j.properties" -cp "$home/jars/*" \
    kafka.Kafka "$home/server.properties" </dev/null >>"$home/broker.out" 2>&1 &
  printf '%s\n' "$!" >"$pid_file"
  printf '%s\n' "$port" >"$home/port"
  for ((waited = 0; waited < answers_s_max * 2; ++waited)); do
    is_running || ((waited < 10)) || fail "the broker ended; $home/broker.out and broker.log say why"
    if is_answering "$port"; then
      printf 'kafka answers on 127.0.0.1:%s\n' "$port"
      printf 'for its tests: export DOSSIER_KAFKA_SERVERS=127.0.0.1:%s\n' "$port"
      printf 'for a server:  dossier serve --set kafka.bootstrap_servers=127.0.0.1:%s\n' "$port"
      return
    fi
    sleep 0.5
  done
  stop
  fail "the broker did not answer within $answers_s_max s; $home/broker.log says why"
}

stop() {
  local pid waited
  if ! is_running; then
    rm -f "$pid_file"
    printf 'kafka is not running\n'
    return
  fi
  pid=$(cat "$pid_file")
  kill -TERM "$pid"
  for ((waited = 0; waited < stops_s_max * 2; ++waited)); do
    if ! is_running; then
      rm -f "$pid_file"
      printf 'kafka has stopped\n'
      return
    fi
    sleep 0.5
  done
  fail "the broker (process $pid) did not stop within $stops_s_max s"
}

running() {
  is_running || return 1
  printf '127.0.0.1:%s\n' "$(cat "$home/port")"
}

tool() {
  # What it logs has nothing to do with the broker's file.
  printf 'log4j.rootLogger=OFF\n' >"$home/tool.properties"
  java -Xmx512m -Dlog4j.configuration="file:$home/tool.properties" -cp "$home/jars/*" "$@"
}

case ${1:-} in
  start | stop | running | tool) "$@" ;;
  *) fail "usage: ./dev kafka start|stop|running|tool CLASS [ARGUMENTS]" ;;
esac
