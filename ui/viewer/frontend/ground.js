// Where the image lies on the ground: map coordinates of a pixel, and the scale bar. Pure.
//
// `ground`: {grid, crs, degrees, metres} as ../ground.py has it.

const BAR_MOST = 120 // CSS pixels

// The middle of a pixel in the image's reference system.
export function mapPosition({ grid: [a, b, c, d, e, f] }, { x, y }) {
  const [column, row] = [x + 0.5, y + 0.5]
  return [a * column + b * row + c, d * column + e * row + f]
}

// In words, with digits for a tenth of a pixel.
export function mapText(ground, pixel) {
  const [a, , , d] = ground.grid
  const step = Math.hypot(a, d) / 10
  const digits = Math.min(8, Math.max(0, Math.ceil(-Math.log10(step))))
  const [x, y] = mapPosition(ground, pixel).map((value) => value.toFixed(digits))
  const text = ground.degrees ? `${y}° N ${x}° E` : `E ${x} N ${y}`
  return ground.crs ? `${text} (${ground.crs})` : text
}

// The longest round length of at most so many CSS pixels: {text, width}.
// `zoom`: CSS pixels per image pixel.
export function scaleBar([metres], zoom) {
  const most = (metres * BAR_MOST) / zoom
  const power = 10 ** Math.floor(Math.log10(most))
  const length = [5, 2, 1].find((times) => times * power <= most * (1 + 1e-9)) * power
  return { text: lengthText(length), width: (length / metres) * zoom }
}

function lengthText(metres) {
  const number = (value) => value.toLocaleString("en", { maximumSignificantDigits: 1 })
  if (metres >= 1000) return `${number(metres / 1000)} km`
  return metres >= 1 ? `${number(metres)} m` : `${number(metres * 100)} cm`
}
