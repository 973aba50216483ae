-- Reads a JSON body once, byte by byte, and says what in it the contract does not know: a field that there is not, one
-- that stands twice, a value of another JSON type, and whatever RFC 8259 does not allow. It makes nothing of the body.
--
-- KINDS and ROOTS are rendered before it (`tables.py`): by kind of message its fields by their JSON names, each with
-- the type of its value ("string", "number", "boolean", "integer" for a number or a string of digits, "any"), the
-- number of its kind where it is an object, whether it is a list, and its oneof; and by method the kind of its body.

local byte, sub, char, find = string.byte, string.sub, string.char, string.find

local DEEPEST = 32
local LONGEST_KEY = 400
local LONGEST_SHOWN = 64
local LINE_FEED, QUOTE, BACKSLASH = 10, 34, 92

local text, at, depth
local path = {}

-- What is wrong, and where; raised as an error to leave all functions at once.
local Refusal = {}

local function refuse(what, names)
  error(setmetatable({ path = table.concat(path, "", 1, names or depth), what = what }, Refusal), 0)
end

local function printable(name)
  local shown = name:gsub("[^\32-\126]", "?")
  return #shown > LONGEST_SHOWN and sub(shown, 1, LONGEST_SHOWN) .. "..." or shown
end

local function broken(what)
  refuse("is not JSON at byte " .. at .. ": " .. what, 0)
end

-- The next byte that is no white space; at the end nil.
local function skip()
  local c = byte(text, at)
  while c == 32 or c == LINE_FEED or c == 13 or c == 9 do
    at = at + 1
    c = byte(text, at)
  end
  return c
end

local function is_continuation(c)
  return c ~= nil and c >= 0x80 and c <= 0xBF
end

-- Over one character of two to four bytes (RFC 3629): no longer form than needed, no surrogate, none beyond the last.
local function skip_character(c)
  local second, third, fourth = byte(text, at + 1, at + 3)
  if c >= 0xC2 and c <= 0xDF and is_continuation(second) then
    at = at + 2
  elseif
    c >= 0xE0 and c <= 0xEF and is_continuation(second) and is_continuation(third)
    and not (c == 0xE0 and second < 0xA0) and not (c == 0xED and second > 0x9F)
  then
    at = at + 3
  elseif
    c >= 0xF0 and c <= 0xF4 and is_continuation(second) and is_continuation(third) and is_continuation(fourth)
    and not (c == 0xF0 and second < 0x90) and not (c == 0xF4 and second > 0x8F)
  then
    at = at + 4
  else
    broken("a text is not UTF-8")
  end
end

local function hex(start)
  local digits = sub(text, start, start + 3)
  if not find(digits, "^%x%x%x%x$") then
    broken("\\u needs four hexadecimal digits")
  end
  return tonumber(digits, 16)
end

local ESCAPES = { [34] = '"', [92] = "\\", [47] = "/", [98] = "\b", [102] = "\f", [110] = "\n", [114] = "\r", [116] = "\t" }

local function utf8_of(point)
  if point < 0x80 then
    return char(point)
  elseif point < 0x800 then
    return char(0xC0 + math.floor(point / 64), 0x80 + point % 64)
  elseif point < 0x10000 then
    return char(0xE0 + math.floor(point / 4096), 0x80 + math.floor(point / 64) % 64, 0x80 + point % 64)
  end
  local high = math.floor(point / 4096)
  return char(0xF0 + math.floor(high / 64), 0x80 + high % 64, 0x80 + math.floor(point / 64) % 64, 0x80 + point % 64)
end

-- Over an escape; what it stands for.
local function escaped()
  local letter = byte(text, at + 1)
  if letter ~= 117 then
    local stands_for = ESCAPES[letter]
    if not stands_for then
      broken("there is no such escape")
    end
    at = at + 2
    return stands_for
  end
  local point = hex(at + 2)
  if point >= 0xDC00 and point <= 0xDFFF then
    broken("half a surrogate pair")
  end
  if point < 0xD800 or point > 0xDBFF then
    at = at + 6
    return utf8_of(point)
  end
  if sub(text, at + 6, at + 7) ~= "\\u" then
    broken("half a surrogate pair")
  end
  local low = hex(at + 8)
  if low < 0xDC00 or low > 0xDFFF then
    broken("half a surrogate pair")
  end
  at = at + 12
  return utf8_of(0x10000 + (point - 0xD800) * 0x400 + (low - 0xDC00))
end

-- Over a string whose quote is at `at`; where its contents are, and whether there are escapes in it.
local function skip_string()
  local start, has_escapes = at + 1, false
  at = start
  while true do
    local c = byte(text, at)
    if c == QUOTE then
      at = at + 1
      return start, at - 2, has_escapes
    elseif c == nil then
      broken("a text does not end")
    elseif c == BACKSLASH then
      has_escapes = true
      escaped()
    elseif c < 32 then
      broken("a text has a control character")
    elseif c < 0x80 then
      at = at + 1
    else
      skip_character(c)
    end
  end
end

local function unescaped(first, last)
  local after, parts = at, {}
  at = first
  while at <= last do
    local next_escape = find(text, "\\", at, true)
    if next_escape == nil or next_escape > last then
      parts[#parts + 1] = sub(text, at, last)
      break
    end
    parts[#parts + 1] = sub(text, at, next_escape - 1)
    at = next_escape
    parts[#parts + 1] = escaped()
  end
  at = after
  return table.concat(parts)
end

-- Over a name; a longer one than any that is known is cut.
local function name_of_field()
  if skip() ~= QUOTE then
    broken("a name in quotes has to follow")
  end
  local first, last, has_escapes = skip_string()
  if last - first + 1 > LONGEST_KEY then
    return sub(text, first, first + LONGEST_KEY), false
  end
  return has_escapes and unescaped(first, last) or sub(text, first, last)
end

local function skip_digits()
  local _, last = find(text, "^%d+", at)
  if not last then
    broken("a digit has to follow")
  end
  at = last + 1
end

local function skip_number()
  if byte(text, at) == 45 then
    at = at + 1
  end
  if byte(text, at) == 48 then
    at = at + 1
  else
    skip_digits()
  end
  if byte(text, at) == 46 then
    at = at + 1
    skip_digits()
  end
  local c = byte(text, at)
  if c == 69 or c == 101 then
    at = at + 1
    c = byte(text, at)
    if c == 43 or c == 45 then
      at = at + 1
    end
    skip_digits()
  end
end

local function skip_word(word)
  if sub(text, at, at + #word - 1) ~= word then
    broken("a value has to follow")
  end
  at = at + #word
end

-- Which JSON type begins with this byte.
local function type_at(c)
  if c == QUOTE then
    return "string"
  elseif c == 123 then
    return "object"
  elseif c == 91 then
    return "array"
  elseif c == 116 or c == 102 then
    return "boolean"
  elseif c == 110 then
    return "null"
  elseif c == 45 or (c ~= nil and c >= 48 and c <= 57) then
    return "number"
  end
  broken(c == nil and "it ends too early" or "a value has to follow")
end

local function skip_scalar(found, c)
  if found == "string" then
    skip_string()
  elseif found == "number" then
    skip_number()
  elseif found == "null" then
    skip_word("null")
  else
    skip_word(c == 116 and "true" or "false")
  end
end

-- How many letters have to be changed to make one name of another (Levenshtein), whatever their case.
local function distance(one, other)
  one, other = one:lower(), other:lower()
  local row = {}
  for column = 0, #other do
    row[column] = column
  end
  for line = 1, #one do
    local diagonal = row[0]
    row[0] = line
    for column = 1, #other do
      local above = row[column]
      local replaced = diagonal + (byte(one, line) == byte(other, column) and 0 or 1)
      row[column] = math.min(replaced, above + 1, row[column - 1] + 1)
      diagonal = above
    end
  end
  return row[#other]
end

local function nearest(name, fields)
  local best, least
  name = sub(name, 1, LONGEST_SHOWN):gsub("_", "")
  for known in pairs(fields) do
    local steps = distance(name, known)
    if not least or steps < least or (steps == least and known < best) then
      best, least = known, steps
    end
  end
  return best
end

local function unknown(name, fields)
  local known = nearest(name, fields)
  path[depth] = (depth > 1 and "." or "") .. printable(name)
  refuse(known and "is not known here; the nearest name is " .. known or "is not known here")
end

local skip_value

local function enter()
  depth = depth + 1
  if depth > DEEPEST then
    depth = depth - 1
    refuse("is nested too deep; " .. DEEPEST .. " levels are allowed")
  end
end

-- Over a comma or the sign that ends a list or an object; whether it was that.
local function is_over(last, sign)
  local c = skip()
  if c ~= last and c ~= 44 then
    broken("a comma or " .. sign .. " has to follow")
  end
  at = at + 1
  return c == last
end

-- Over a list; each item is of the type of the field.
local function skip_list(field)
  enter()
  at = at + 1
  local index = 0
  if skip() == 93 then
    at = at + 1
  else
    repeat
      path[depth] = "[" .. index .. "]"
      skip_value(field, true)
      index = index + 1
    until is_over(93, "]")
  end
  depth = depth - 1
end

local ANY = { type = "any" }

-- Over an object of a kind; nil: of any names.
local function skip_object(fields)
  enter()
  at = at + 1
  local seen, chosen = {}, nil
  if skip() == 125 then
    at = at + 1
    depth = depth - 1
    return
  end
  repeat
    local name = name_of_field()
    local field = ANY
    if fields then
      field = fields[name]
      if not field then
        unknown(name, fields)
      end
    end
    path[depth] = (depth > 1 and "." or "") .. (fields and name or printable(name))
    if seen[name] then
      refuse("stands here twice")
    end
    seen[name] = true
    if field.given then
      refuse("is given by the path; leave it out elsewhere")
    end
    if skip() ~= 58 then
      broken("a colon has to follow")
    end
    at = at + 1
    local is_set = skip_value(field, false)
    if is_set and field.oneof then
      chosen = chosen or {}
      if chosen[field.oneof] then
        refuse("cannot stand beside " .. chosen[field.oneof])
      end
      chosen[field.oneof] = name
    end
  until is_over(125, "}")
  depth = depth - 1
end

local WANTED = {
  integer = "a whole number, or a string of its digits",
  number = "a number",
  string = "a string",
  boolean = "true or false",
  object = "an object",
  array = "a list",
}

-- Over the value of a field, or of an item of its list; whether it is there: null is as if it were not.
skip_value = function(field, is_item)
  local c = skip()
  local found = type_at(c)
  local wanted = field.list and not is_item and "array" or field.type
  if found == "null" and not is_item then
    skip_word("null")
    return false
  end
  if wanted == "any" then
    wanted = found
  end
  if found ~= wanted and not (wanted == "integer" and (found == "number" or found == "string")) then
    refuse("has to be " .. WANTED[wanted])
  end
  if found == "object" then
    skip_object(field.kind and KINDS[field.kind])
  elseif found == "array" then
    skip_list(field.list and field or ANY)
  else
    skip_scalar(found, c)
  end
  return true
end

-- What is wrong with a body: a table with `path` and `what`; nil: nothing.
local function wrong_with(body, root)
  text, at, depth = body, 1, 0
  local ok, refusal = pcall(function()
    local c = skip()
    if c ~= 123 then
      type_at(c)
      refuse("the body has to be an object", 0)
    end
    skip_object(KINDS[root] or error("no such kind: " .. tostring(root)))
    if skip() ~= nil then
      broken("it goes on behind its end")
    end
  end)
  text = nil
  if ok then
    return nil
  end
  if getmetatable(refusal) ~= Refusal then
    error(refusal, 0)
  end
  return refusal
end
