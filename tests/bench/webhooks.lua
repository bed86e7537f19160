-- What wrk sends: one notification of the webhook plugin per request, each a new event. At the end one line of JSON.
-- Usage: wrk -s webhooks.lua URL -- BODY FIRST
-- BODY is a file in which %ITEM% stands for the last four digits of the item's id and %TICKS% for the seven digits
-- after the second in UtcTimestamp, by which notifications are told apart; the first request has FIRST there.

local ITEMS_COUNT = 150

local SUMMARY = 'SUMMARY {"requests":%d,"duration_s":%.6f,"errors":%d,"p50_ms":%.3f,"p99_ms":%.3f}\n'
local HEADERS = { ["Content-Type"] = "text/plain; charset=utf-8", ["User-Agent"] = "Jellyfin-Server/10.11.11" }

local count = 0
local body = ""

function init(arguments)
  local file = assert(io.open(arguments[1], "rb"))
  body = file:read("*a")
  file:close()
  count = tonumber(arguments[2])
end

function request()
  count = count + 1
  local text = body:gsub("%%ITEM%%", ("%04x"):format(count % ITEMS_COUNT)):gsub("%%TICKS%%", ("%07d"):format(count))
  return wrk.format("POST", nil, HEADERS, text)
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(SUMMARY:format(
    summary.requests, summary.duration / 1e6, failed,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3
  ))
end
