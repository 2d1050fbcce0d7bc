// Lengths and areas on the WGS 84 ellipsoid. Pure.
//
// `surface`: {size, xyz} as ../../ground.py has it: Chebyshev series of where a point of the image is
// in space, in metres from the centre of the Earth. In space neither the date line nor a pole is a
// special place.

export const AXIS = 6378137
const FLATTENING = 1 / 298.257223563
const POLAR = AXIS * (1 - FLATTENING)
const E2 = FLATTENING * (2 - FLATTENING)
const E = Math.sqrt(E2)

// Longitude and latitude in radians of a point [x, y] of the image, counted in pixels from its corner.
export function lonLat({ size, xyz }, [x, y]) {
  const order = xyz[0].length
  const across = chebyshev((2 * x) / size[0] - 1, order)
  const down = chebyshev((2 * y) / size[1] - 1, order)
  const [east, north, up] = xyz.map((rows) => {
    let sum = 0
    for (let i = 0; i < order; i++) {
      let row = 0
      for (let j = 0; j < order; j++) row += rows[i][j] * down[j]
      sum += row * across[i]
    }
    return sum
  })
  return [Math.atan2(north, east), Math.atan2(up, (1 - E2) * Math.hypot(east, north))]
}

function chebyshev(at, count) {
  const values = [1, at]
  while (values.length < count) values.push(2 * at * values.at(-1) - values.at(-2))
  return values.slice(0, count)
}

// The shortest way on the ellipsoid between two places in radians, in metres, by Vincenty's inverse
// formula (Survey Review 23, 1975): to half a millimetre. null where it does not converge, between
// places that lie nearly opposite each other.
export function distance([lon1, lat1], [lon2, lat2]) {
  const reduced = (lat) => Math.atan((1 - FLATTENING) * Math.tan(lat))
  const [u1, u2] = [reduced(lat1), reduced(lat2)]
  const [sin1, cos1, sin2, cos2] = [Math.sin(u1), Math.cos(u1), Math.sin(u2), Math.cos(u2)]
  const between = wrapped(lon2 - lon1)
  let lambda = between
  for (let round = 0; round < 200; round++) {
    const [sinL, cosL] = [Math.sin(lambda), Math.cos(lambda)]
    const sinS = Math.hypot(cos2 * sinL, cos1 * sin2 - sin1 * cos2 * cosL)
    if (sinS === 0) return 0
    const cosS = sin1 * sin2 + cos1 * cos2 * cosL
    const sigma = Math.atan2(sinS, cosS)
    const sinA = (cos1 * cos2 * sinL) / sinS
    const cos2A = 1 - sinA * sinA
    const cosM = cos2A > 1e-15 ? cosS - (2 * sin1 * sin2) / cos2A : 0 // along the equator
    const c = (FLATTENING / 16) * cos2A * (4 + FLATTENING * (4 - 3 * cos2A))
    const inner = cosM + c * cosS * (2 * cosM * cosM - 1)
    const next = between + (1 - c) * FLATTENING * sinA * (sigma + c * sinS * inner)
    if (Math.abs(next) > Math.PI) return null
    if (Math.abs(next - lambda) > 1e-12) {
      lambda = next
      continue
    }
    const squared = (cos2A * (AXIS ** 2 - POLAR ** 2)) / POLAR ** 2
    const a = 1 + (squared / 16384) * (4096 + squared * (-768 + squared * (320 - 175 * squared)))
    const b = (squared / 1024) * (256 + squared * (-128 + squared * (74 - 47 * squared)))
    const last = (b / 6) * cosM * (4 * sinS * sinS - 3) * (4 * cosM * cosM - 3)
    const delta = b * sinS * (cosM + (b / 4) * (cosS * (2 * cosM * cosM - 1) - last))
    return POLAR * a * (sigma - delta)
  }
  return null
}

// The area within a ring of places [x, y] of the image, in square metres: of what is seen, so that
// its sides are straight in the image. The integral along them of the area between the pole and them.
export function area(surface, points) {
  const places = points.map((point) => lonLat(surface, point))
  const middle = places.reduce((sum, [, lat]) => sum + lat / places.length, 0)
  const base = zone(middle) // what is taken away makes no difference, and digits are kept
  let sum = 0
  let turn = 0
  points.forEach((from, i) => {
    const to = points[(i + 1) % points.length]
    sum += side(surface, from, to, base)
    turn += wrapped(places[(i + 1) % places.length][0] - places[i][0])
  })
  if (Math.abs(turn) < Math.PI) return Math.abs(sum)
  // It goes around a pole.
  const pole = zone((Math.sign(middle) * Math.PI) / 2)
  return Math.abs((pole - base) * turn - sum)
}

// ∫ zone dλ along a side: halved until it stays, and extrapolated (Romberg).
function side(surface, from, to, base) {
  const at = (t) => lonLat(surface, [from[0] + t * (to[0] - from[0]), from[1] + t * (to[1] - from[1])])
  let known = [at(0), at(1)]
  let [coarse, before] = [trapezoid(known, base), null]
  for (let count = 2; count <= 1024; count *= 2) {
    const more = Array.from({ length: count / 2 }, (_, i) => at((2 * i + 1) / count))
    known = known.flatMap((place, i) => (i < more.length ? [place, more[i]] : [place]))
    const fine = trapezoid(known, base)
    const better = fine + (fine - coarse) / 3
    if (count > 4 && Math.abs(better - before) <= 1e-10 * Math.abs(better) + 1e-9) return better
    ;[coarse, before] = [fine, better]
  }
  return before
}

function trapezoid(places, base) {
  let sum = 0
  let last = zone(places[0][1]) - base
  for (let i = 1; i < places.length; i++) {
    const next = zone(places[i][1]) - base
    sum += ((last + next) / 2) * wrapped(places[i][0] - places[i - 1][0])
    last = next
  }
  return sum
}

// Area per radian of longitude between the equator and a latitude.
function zone(lat) {
  const sin = Math.sin(lat)
  return (POLAR ** 2 / 2) * (sin / (1 - E2 * sin * sin) + Math.atanh(E * sin) / E)
}

const wrapped = (angle) => angle - 2 * Math.PI * Math.round(angle / (2 * Math.PI))
