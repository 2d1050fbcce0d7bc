// What is drawn on the picture with a tool: points [x, y] of the image, counted in pixels from its
// corner. Pure; `tool` is a row of table.js.

export const emptySketch = () => ({ points: [], isOpen: false })

// A point more; after the last one that there can be it is finished.
export function withPoint({ points, isOpen }, tool, point) {
  const all = isOpen ? [...points, point] : [point]
  const last = all.at(-2)
  if (last && isSame(last, point)) return { points, isOpen } // a double click
  return { points: all, isOpen: all.length < tool.most }
}

export function withoutLast({ points, isOpen }) {
  if (!isOpen) return emptySketch() // what is finished goes as a whole
  return points.length > 1 ? { points: points.slice(0, -1), isOpen } : emptySketch()
}

// Finished as it is, where that is something.
export function ended({ points, isOpen }, tool) {
  if (!isOpen) return { points, isOpen }
  return points.length < tool.least ? emptySketch() : { points, isOpen: false }
}

// With the place that is pointed at, which a click would add.
export const aimedAt = ({ points, isOpen }, aim) => (isOpen && aim ? [...points, aim] : points)

const isSame = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]) < 1e-9

// The pixels that a rectangle between two points has part in: [x0, y0, x1, y1], the last two beyond.
export function boxOf([from, to], size) {
  const span = (axis) => {
    const at = [from, to].map((point) => Math.min(size[axis] - 1, Math.floor(point[axis])))
    return [Math.min(...at), Math.max(...at) + 1]
  }
  const [[x0, x1], [y0, y1]] = [span(0), span(1)]
  return [x0, y0, x1, y1]
}

// And back: two points in the middle of its first and its last pixel.
export const pointsOf = ([x0, y0, x1, y1]) => [[x0 + 0.5, y0 + 0.5], [x1 - 0.5, y1 - 0.5]]
