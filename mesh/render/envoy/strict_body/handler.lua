-- What Envoy calls for every request of a route that has a body.

local STATUS = '{"code":3,"message":"%s","details":['
  .. '{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"INVALID_REQUEST","domain":"shopmesh","metadata":{}},'
  .. '{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[%s]}]}'
local VIOLATION = '{"field":"%s","description":"%s"}'

local function quoted(shown)
  return (shown:gsub('[\\"]', "\\%0"))
end

local function answer_to(refusals)
  local messages, violations = {}, {}
  for number, refusal in ipairs(refusals) do
    local where, what = quoted(refusal.path), quoted(refusal.what)
    messages[number] = (where == "" and "the body" or where) .. " " .. what
    violations[number] = VIOLATION:format(where, what)
  end
  return STATUS:format(table.concat(messages, "; "), table.concat(violations, ","))
end

local function missing(names)
  local refusals = {}
  for number, name in ipairs(names) do
    refusals[number] = { path = name, what = "is required" }
  end
  return refusals
end

-- What is wrong with a request: one or more of `wrong_with`; none: nothing.
local function refusals_of(handle)
  local method = handle:filterContext():get("method")
  local root = ROOTS[method]
  local body = handle:body()
  local length = body and body:length() or 0
  if length == 0 then
    return missing(root.required)
  end
  return { wrong_with(body:getBytes(0, length), root.kind) }
end

-- The compiler learns the ways through the walker from these, not from whatever comes first.
for _ = 1, 100 do
  for _, sample in ipairs(SAMPLES) do
    wrong_with(sample.body, sample.kind)
  end
end

function envoy_on_request(handle)
  local ok, refusals = pcall(refusals_of, handle)
  if not ok then
    -- An error that leaves this function would let the body pass.
    handle:logErr("strict_body: " .. tostring(refusals))
    handle:respond({ [":status"] = "500" }, "")
  elseif #refusals > 0 then
    handle:respond({ [":status"] = "400", ["content-type"] = "application/json" }, answer_to(refusals))
  end
end
