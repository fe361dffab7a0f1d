// SPDX-License-Identifier: Apache-2.0
// Collects everybody's counters into Prometheus families. Nothing is copied between scrapes.
#include "gateway/metrics.hpp"

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <limits>
#include <sstream>
#include <string_view>

namespace dossier {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using families = std::vector<MetricFamily>;

MetricFamily& add_family(families& all, std::string name, std::string help, MetricType type) {
  all.push_back({std::move(name), std::move(help), type, {}});
  return all.back();
}

void add_value(MetricFamily& family, double value, std::vector<ClientMetric::Label> labels = {}) {
  ClientMetric metric;
  metric.label = std::move(labels);
  if (family.type == MetricType::Counter)
    metric.counter.value = value;
  else
    metric.gauge.value = value;
  family.metric.push_back(std::move(metric));
}

void add_counter(families& all, std::string name, std::string help, std::uint64_t value) {
  add_value(add_family(all, std::move(name), std::move(help), MetricType::Counter),
            static_cast<double>(value));
}

void add_gauge(families& all, std::string name, std::string help, double value) {
  add_value(add_family(all, std::move(name), std::move(help), MetricType::Gauge), value);
}

ClientMetric histogram_of(const operation_stats& stats) {
  ClientMetric metric;
  metric.label = {{"operation", stats.operation()}};
  std::uint64_t below = 0;
  for (std::size_t i = 0; i <= operation_stats::bounds_s.size(); ++i) {
    below += stats.in_bucket(i);
    const double bound = i < operation_stats::bounds_s.size()
                           ? operation_stats::bounds_s[i]
                           : std::numeric_limits<double>::infinity();
    metric.histogram.bucket.push_back({below, bound});
  }
  metric.histogram.sample_count = below;
  metric.histogram.sample_sum = stats.total_s();
  return metric;
}

void collect_operations(families& all, const std::deque<operation_stats>& operations) {
  constexpr std::array<const char*, 6> classes{"", "1xx", "2xx", "3xx", "4xx", "5xx"};
  auto& answered
    = add_family(all, "dossier_http_requests_total",
                 "Requests answered, by operation and class of status.", MetricType::Counter);
  for (const auto& stats : operations) {
    for (std::size_t i = 1; i < classes.size(); ++i) {
      if (stats.answered(i) > 0)
        add_value(answered, static_cast<double>(stats.answered(i)),
                  {{"operation", stats.operation()}, {"status_class", classes[i]}});
    }
  }
  auto& durations = add_family(all, "dossier_http_request_duration_seconds",
                               "From the request's head to its answer's head, by operation.",
                               MetricType::Histogram);
  for (const auto& stats : operations) {
    if (auto metric = histogram_of(stats); metric.histogram.sample_count > 0)
      durations.metric.push_back(std::move(metric));
  }
}

void collect_http(families& all, const http_stats& http) {
  add_counter(all, "dossier_http_connections_accepted_total", "Connections accepted.",
              http.connections_accepted);
  add_gauge(all, "dossier_http_connections_open", "Connections open now.",
            static_cast<double>(http.connections_open));
  add_counter(all, "dossier_http_connections_refused_total",
              "Connections answered 503 and closed: http.connections_max was reached.",
              http.connections_refused);
  add_gauge(all, "dossier_http_requests_in_flight", "Requests being handled now.",
            static_cast<double>(http.requests_in_flight));
  add_counter(all, "dossier_http_requests_shed_total",
              "Requests answered 503: http.in_flight_max was reached.", http.requests_shed);
  add_counter(all, "dossier_http_requests_malformed_total",
              "Requests refused before they were parsed.", http.requests_malformed);
  add_counter(all, "dossier_http_deadlines_missed_total",
              "Connections closed because the peer was too slow.", http.deadlines_missed);
  add_counter(all, "dossier_http_received_bytes_total", "Bytes received.", http.bytes_in);
  add_counter(all, "dossier_http_sent_bytes_total", "Bytes sent.", http.bytes_out);
}

void collect_core(families& all, const core_stats& core) {
  add_gauge(all, "dossier_actors_active", "Actors live now.",
            static_cast<double>(core.actors_active));
  add_gauge(all, "dossier_actors_quarantined", "Entities that need an operator.",
            static_cast<double>(core.actors_quarantined));
  add_counter(all, "dossier_actor_restarts_total", "Actors restarted after a fault.",
              core.restarts);
  add_counter(all, "dossier_actor_passivations_total", "Idle actors put to sleep.",
              core.passivations);
  add_counter(all, "dossier_commands_total", "Commands given to actors.", core.commands);
  add_counter(all, "dossier_command_refusals_total", "Commands refused by the rules.",
              core.refusals);
  add_gauge(all, "dossier_timers_waiting", "Timers held in memory now.",
            static_cast<double>(core.timers_in_wheel));
  add_gauge(all, "dossier_timers_in_flight", "Timers that fired and are not durable yet.",
            static_cast<double>(core.timers_in_flight));
  add_counter(all, "dossier_timers_fired_total", "Timers fired.", core.timers_fired);
  add_counter(all, "dossier_timers_retried_total", "Timers fired again after a failure.",
              core.timers_retried);
  add_gauge(all, "dossier_timer_lateness_max_seconds",
            "The latest that a timer fired, since the start.",
            static_cast<double>(core.timer_lateness_ms_max) / 1e3);
}

/// The core counts how late timers fired; it keeps no sum, so the middle of each bucket stands for
/// it.
void collect_lateness(families& all, const core_stats& core) {
  auto& family = add_family(all, "dossier_timer_lateness_seconds", "How late timers fired.",
                            MetricType::Histogram);
  ClientMetric metric;
  std::uint64_t below = 0;
  double sum_s = 0;
  double lower_s = 0;
  for (std::size_t i = 0; i < core.timer_lateness.size(); ++i) {
    const bool is_last = i == lateness_bounds_ms.size();
    const double upper_s = is_last ? lower_s : static_cast<double>(lateness_bounds_ms[i]) / 1e3;
    below += core.timer_lateness[i];
    sum_s += static_cast<double>(core.timer_lateness[i]) * (lower_s + upper_s) / 2;
    metric.histogram.bucket.push_back(
      {below, is_last ? std::numeric_limits<double>::infinity() : upper_s});
    lower_s = upper_s;
  }
  metric.histogram.sample_count = below;
  metric.histogram.sample_sum = sum_s;
  family.metric.push_back(std::move(metric));
}

void collect_letters(families& all, const letter_counts& letters) {
  add_gauge(all, "dossier_letters_dead", "Messages that wait for an operator.",
            static_cast<double>(letters.dead));
  add_gauge(all, "dossier_letters_retrying", "Messages that will be attempted again.",
            static_cast<double>(letters.retrying));
}

void collect_blobs(families& all, const blob_stats& blobs) {
  add_counter(all, "dossier_blob_uploads_total", "Uploads that became durable.",
              blobs.uploads_finished);
  add_counter(all, "dossier_blob_received_bytes_total", "Bytes of durable uploads.",
              blobs.bytes_in);
  add_counter(all, "dossier_blobs_collected_total",
              "Contents removed because nothing refers to them.", blobs.collected);
}

void collect_guards(families& all, const std::vector<guard_info>& guards) {
  const auto add = [&](const char* name, const char* help, MetricType type, auto value_of) {
    auto& family = add_family(all, name, help, type);
    for (const auto& each : guards)
      add_value(family, static_cast<double>(value_of(each.now)), {{"destination", each.name}});
  };
  using seen = guard::guard_snapshot;
  constexpr auto gauge = MetricType::Gauge;
  constexpr auto counter = MetricType::Counter;
  add("dossier_guard_breaker_state", "0: closed, 1: half-open, 2: open.", gauge, [](const seen& s) {
    if (s.state == guard::breaker_state::closed)
      return 0;
    return s.state == guard::breaker_state::half_open ? 1 : 2;
  });
  add("dossier_guard_calls_under_way", "Attempts under way.", gauge,
      [](const seen& s) { return s.under_way; });
  add("dossier_guard_calls_waiting", "Calls that wait, for the first time or to be tried again.",
      gauge, [](const seen& s) { return s.waiting + s.retrying; });
  add("dossier_guard_successes_total", "Calls that ended well.", counter,
      [](const seen& s) { return s.counters.successes; });
  add("dossier_guard_given_up_total", "Calls that did not.", counter,
      [](const seen& s) { return s.counters.given_up; });
  add("dossier_guard_withdrawn_total", "Calls that their owner took back.", counter,
      [](const seen& s) { return s.counters.withdrawn; });
  add("dossier_guard_failures_total", "Attempts that failed.", counter,
      [](const seen& s) { return s.counters.failures; });
  add("dossier_guard_retries_total", "Attempts after the first of their call.", counter,
      [](const seen& s) { return s.counters.retries; });
  add("dossier_guard_opened_total", "Times that the breaker opened.", counter,
      [](const seen& s) { return s.counters.opened; });
}

/// The field of /proc/self/stat with this number (proc(5)), counted from 3 behind the program's
/// name.
double process_stat(std::string_view line, std::size_t number) {
  const auto name_end = line.rfind(')');
  if (name_end == std::string_view::npos)
    return 0;
  std::istringstream rest{std::string{line.substr(name_end + 1)}};
  std::string field;
  for (std::size_t i = 3; i <= number; ++i)
    rest >> field;
  std::istringstream number_text{field};
  double value = 0;
  number_text >> value;
  return value;
}

void collect_process(families& all) {
  std::ifstream file{"/proc/self/stat"};
  std::string line;
  if (!std::getline(file, line))
    return;
  const auto ticks_per_s = static_cast<double>(::sysconf(_SC_CLK_TCK));
  const auto page_bytes = static_cast<double>(::sysconf(_SC_PAGESIZE));
  auto& cpu = add_family(all, "process_cpu_seconds_total", "User and system CPU time spent.",
                         MetricType::Counter);
  add_value(cpu, (process_stat(line, 14) + process_stat(line, 15)) / ticks_per_s);
  add_gauge(all, "process_threads", "Threads of the process.", process_stat(line, 20));
  add_gauge(all, "process_virtual_memory_bytes", "Virtual memory.", process_stat(line, 23));
  add_gauge(all, "process_resident_memory_bytes", "Resident memory.",
            process_stat(line, 24) * page_bytes);
}

/// Prometheus' own interface for things that are measured when they are asked for.
class edge_metrics final : public prometheus::Collectable {
public:
  explicit edge_metrics(const metric_sources& sources)
    : sources_(sources) {}

  families Collect() const override {
    families all;
    add_value(add_family(all, "dossier_build_info", "Always 1; the version is the label.",
                         MetricType::Gauge),
              1, {{"version", sources_.version}});
    if (sources_.operations != nullptr)
      collect_operations(all, *sources_.operations);
    if (const auto* http = sources_.http ? sources_.http() : nullptr)
      collect_http(all, *http);
    if (sources_.core) {
      const auto core = sources_.core();
      collect_core(all, core);
      collect_lateness(all, core);
    }
    if (sources_.letters)
      if (const auto letters = sources_.letters())
        collect_letters(all, *letters);
    if (sources_.blobs != nullptr)
      collect_blobs(all, *sources_.blobs);
    if (sources_.guards)
      collect_guards(all, sources_.guards());
    collect_process(all);
    if (sources_.more)
      collect_more(all, sources_.more());
    // A family without values would be a heading without text.
    std::erase_if(all, [](const auto& family) { return family.metric.empty(); });
    return all;
  }

private:
  static void collect_more(families& all, const std::vector<metric>& more) {
    for (const auto& each : more) {
      const bool is_counter = each.kind == metric::kind_type::counter;
      add_value(
        add_family(all, each.name, each.help, is_counter ? MetricType::Counter : MetricType::Gauge),
        each.value);
    }
  }

  const metric_sources& sources_;
};

} // namespace

void operation_stats::count(unsigned status, std::chrono::nanoseconds took) {
  const auto relaxed = std::memory_order_relaxed;
  by_class_[std::min<std::size_t>(status / 100, by_class_.size() - 1)].fetch_add(1, relaxed);
  const auto took_s = std::chrono::duration<double>{took}.count();
  const auto* bucket = std::lower_bound(bounds_s.begin(), bounds_s.end(), took_s);
  buckets_[static_cast<std::size_t>(std::distance(bounds_s.begin(), bucket))].fetch_add(1, relaxed);
  const auto took_us = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
  total_us_.fetch_add(static_cast<std::uint64_t>(took_us), relaxed);
}

std::string metrics_text(const metric_sources& sources) {
  std::ostringstream text;
  prometheus::TextSerializer{}.Serialize(text, edge_metrics{sources}.Collect());
  return text.str();
}

} // namespace dossier
