-- For each request one of the headers in a file, at random.
local prepared = {}

function init (arguments)
  for credential in io.lines(arguments[1]) do
    prepared[#prepared + 1] = wrk.format('GET', '/hello', { Authorization = credential })
  end
end

function request ()
  return prepared[math.random(#prepared)]
end

function done (summary, latency)
  local errors = summary.errors
  io.write(string.format('{"requests":%d,"microseconds":%d,"p99":%.0f,"failedStatus":%d,"failed":%d}', summary.requests,
    summary.duration, latency:percentile(99), errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
