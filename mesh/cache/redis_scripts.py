"""What happens in one step on a Redis-protocol server.

A key's value is `EPOCH MARK VERSION BODY`. Values of another epoch count as absent: a new epoch forgets
everything at once. An invalidated key has a new mark and neither version nor body; what was asked for under
an earlier mark, or is of an older version than what is there, is not stored.
"""

WRITE = """
local epoch = redis.call('GET', KEYS[1])
if not epoch then return 0 end
local stored = 0
for i = 2, #KEYS do
  local at = 4 * (i - 2)
  local expected, version, body, ttl = ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4]
  local present = redis.call('GET', KEYS[i])
  local of, mark, newest
  if present then of, mark, newest = string.match(present, '^(%S+) (%S*) (%S*) ') end
  if of ~= epoch then mark, newest = '', '' end
  if expected == epoch .. ' ' .. mark and tonumber(version) >= (tonumber(newest) or -1) then
    redis.call('SET', KEYS[i], expected .. ' ' .. version .. ' ' .. body, 'PX', ttl)
    stored = stored + 1
  end
end
return stored
"""
"""KEYS: epoch, keys. ARGV, for each key: `EPOCH MARK` as found, version, body, milliseconds to live."""

INVALIDATE = """
redis.call('SET', KEYS[1], ARGV[1], 'NX')
local epoch = redis.call('GET', KEYS[1])
for i = 2, #KEYS do
  redis.call('SET', KEYS[i], epoch .. ' ' .. ARGV[2] .. '  ', 'PX', ARGV[3])
end
redis.call('PUBLISH', ARGV[4], ARGV[5])
return #KEYS - 1
"""
"""KEYS: epoch, keys. ARGV: an epoch if there is none, the mark, milliseconds to live, channel, message."""
