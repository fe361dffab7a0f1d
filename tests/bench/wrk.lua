-- SPDX-License-Identifier: Apache-2.0
-- wrk -s wrk.lua URL -- method=POST targets=FILE body=FILE field=name:value delay=MS
-- Requests in turn for each target of a file (one a line), all prepared before the first. With body=FILE
-- and expiry=START_MS,SPAN_MS,COUNT the text @expiry@ in the body becomes a time of its own for each
-- request, spread evenly over the span; after COUNT of them "sent" is written to stderr and only
-- /health/live is asked for. With unique=1 each body begins with its own number. With acks=FILE a line is
-- written for each 201: the microsecond of the wall clock and the document. Prints what happened as one
-- line of JSON.

local prepared, turn, sent = {}, 0, -1 -- wrk asks for one request that it never sends.
local options = {method = "GET"}
local targets, before, behind, idle = {}, nil, nil, nil

local function read_file(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

local function prepare(target)
  local body = options.body and read_file(options.body)
  prepared[#prepared + 1] = wrk.format(options.method, target, wrk.headers, body)
end

local function note_acks(path)
  local ffi = require("ffi")
  ffi.cdef("struct now { long seconds; long nanoseconds; }; int clock_gettime(int clock, struct now* now);")
  local now, file = ffi.new("struct now"), assert(io.open(path, "wb"))
  response = function(status, _, body)
    if status == 201 then
      ffi.C.clock_gettime(0, now)
      local us = tonumber(now.seconds) * 1000000 + math.floor(tonumber(now.nanoseconds) / 1000)
      file:write(string.format("%.0f ", us), body:match('"documentId":"([^"]+)"'), "\n")
      file:flush()
    end
  end
end

function init(args)
  for _, argument in ipairs(args) do
    local name, value = argument:match("^(%w+)=(.*)$")
    if name == "field" then
      local field, text = value:match("^([^:]+):(.*)$")
      wrk.headers[field] = text
    elseif name then
      options[name] = value
    end
  end
  if options.targets then
    for target in read_file(options.targets):gmatch("[^\n]+") do
      targets[#targets + 1] = target
    end
  else
    targets[1] = wrk.path
  end
  if options.expiry then
    local start, span, count = options.expiry:match("^(%d+),(%d+),(%d+)$")
    options.start_ms, options.span_ms, options.count = tonumber(start), tonumber(span), tonumber(count)
    before, behind = read_file(options.body):match("^(.*)@expiry@(.*)$")
    idle = wrk.format("GET", "/health/live", {["Host"] = wrk.headers["Host"]})
  elseif options.unique then
    before, behind = "", read_file(options.body)
  else
    for _, target in ipairs(targets) do
      prepare(target)
    end
  end
  if options.acks then
    note_acks(options.acks)
  end
  if options.delay then
    delay = function() return tonumber(options.delay) end
  end
end

local function date_of(ms)
  local whole = math.floor(ms / 1000)
  return os.date("!%Y-%m-%dT%H:%M:%S", whole) .. string.format(".%03dZ", ms - whole * 1000)
end

function request()
  turn = turn % #targets + 1
  if not before then
    return prepared[turn]
  end
  sent = sent + 1
  local own
  if options.unique then
    own = string.format("%016d", sent)
  else
    if sent > options.count then
      if sent == options.count + 1 then
        io.stderr:write("sent\n")
      end
      return idle
    end
    own = date_of(options.start_ms + math.floor((sent - 1) * options.span_ms / options.count))
  end
  return wrk.format(options.method, targets[turn], wrk.headers, before .. own .. behind)
end

function done(summary, latency)
  local failed = summary.errors
  io.write(string.format(
    '{"requests": %d, "seconds": %.6f, "refused": %d, "broken": %d, "p50_ms": %.3f, "p99_ms": %.3f, "max_ms": %.3f}\n',
    summary.requests, summary.duration / 1e6, failed.status,
    failed.connect + failed.read + failed.write + failed.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency.max / 1000))
end
