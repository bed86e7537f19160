-- What wrk sends: one position report per request, each a new event. At the end one line of JSON.
-- Usage: wrk -s load.lua URL -- SEED

local MEDIA_COUNT = 150
local BODY = '{"id":"%08x-%04x-7%03x-8%03x-%06x%06x","name":"Harbour Lights %d.mkv",'
  .. '"path":"/media/series/Harbour Lights/Season 01/Harbour Lights %d.mkv","position_s":%d.25,'
  .. '"duration_s":2701.5,"device":"living-room","session":"0f8fad5b-d9cb-469f-a165-708670895%03d",'
  .. '"reason":"heartbeat","finished":false,"size_bytes":1500000000,"client_time_s":1795251599.0,'
  .. '"sent_time_s":1795251600.0,"title":"Harbour Lights"}'

local SUMMARY = 'SUMMARY {"requests":%d,"duration_s":%.6f,"errors":%d,"p50_ms":%.3f,"p99_ms":%.3f}\n'

local random = math.random
local count = 0
local milliseconds = os.time() * 1000

function init(arguments)
  math.randomseed(tonumber(arguments[1]))
end

function request()
  count = count + 1
  local media = count % MEDIA_COUNT
  -- Version 7 of UUID, as the mpv client makes them: they begin with the time.
  local moment = milliseconds + math.floor(count / 4)
  local body = BODY:format(
    math.floor(moment / 65536), moment % 65536, random(0, 0xfff), random(0, 0xfff),
    random(0, 0xffffff), random(0, 0xffffff), media, media, count % 2700, media
  )
  return wrk.format("POST", "/api/positions", { ["Content-Type"] = "application/json" }, body)
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(SUMMARY:format(
    summary.requests, summary.duration / 1e6, failed,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3
  ))
end
