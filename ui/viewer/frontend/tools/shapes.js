// What is drawn over the picture: the outlines of the script, what was drawn, and what is being drawn.
// Pure.

import { aimedAt, boxOf } from "./sketch.js"
import { TOOLS } from "./table.js"

// [{points, isClosed, hasCorners, isOpen}] in pixels of the image.
export function shapesOf(data, state, aim) {
  const outlines = (data.outlines ?? []).map((points) => ({ points, isClosed: true }))
  return [...outlines, ...TOOLS.flatMap((tool) => shapesOfTool(tool, data, state, aim))]
}

function shapesOfTool({ name, isBox, isClosed }, data, state, aim) {
  const sketch = state.sketches[name]
  const points = name === state.tool ? aimedAt(sketch, aim) : sketch.points
  if (!points.length) return []
  const { isOpen } = sketch
  if (!isBox) return [{ points, isClosed, hasCorners: true, isOpen }]
  const box = boxOf([points[0], points.at(-1)], data.size)
  return [{ points: cornersOf(box), isClosed: true, isOpen }]
}

const cornersOf = ([x0, y0, x1, y1]) => [[x0, y0], [x1, y0], [x1, y1], [x0, y1]]
