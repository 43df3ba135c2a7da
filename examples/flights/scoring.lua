-- The rule of this example, apart from the code that counts: which distance band a flight belongs to, and whether it was
-- late. Whoever wants it otherwise changes this file and nothing else; the tables follow.
--
-- A worker executes it once per batch. It gets one list per column of the batch and gives one list per column.

--- The bands, and the miles at which each ends. A name begins with the miles at which its band begins.
local BANDS: { { name: string, ends: number } } = {
  { name = "0-499", ends = 500 },
  { name = "500-999", ends = 1000 },
  { name = "1000-1499", ends = 1500 },
  { name = "1500+", ends = math.huge },
}

--- A flight that was delayed by so many minutes or more was late.
local LATE = 15

--- The band of a distance; nil for one that no flight can have.
local function band_of(miles: number): string?
  if not (miles >= 0) then return nil end
  for _, band in ipairs(BANDS) do
    if miles < band.ends then return band.name end
  end
  return nil
end

local function score(miles: { number }, delays: { number })
  local bands, late = {}, {}
  for i, distance in ipairs(miles) do
    bands[i] = band_of(distance)
    if bands[i] == nil then return nil, ("a flight of %s miles"):format(distance) end -- ends whoever asked, too
    late[i] = delays[i] >= LATE
  end
  return { bands = bands, late = late }
end

return score
