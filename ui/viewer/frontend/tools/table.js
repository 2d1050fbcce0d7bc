// The tools that draw on the picture, in the order of the tool bar.
//
// A new tool is its row here. A tool is an object:
//   name, title, letter   its test id, label and key; `spoken` is what the key does
//   face()           what stands on its button
//   least, most      points that it takes
//   isClosed         whether its last point is joined to its first
//   isBox            whether its two points are corners of a rectangle of whole pixels
//   isShown(data)    whether the page wants it (optional)
//   words(points, {ground, size})   what it says; empty where there is nothing to say yet

import { icon } from "../dom.js"
import { areaWords, lengthWords } from "./measure.js"
import { boxOf } from "./sketch.js"

const RULER = "M1 10 10 1l3 3-9 9zM4 7l1.5 1.5M6.5 4.5 8 6M9 2l1.5 1.5"
const POLYGON = "M2 5 7 1l5 3-1 8-7 1z"
const RECTANGLE = "M1.5 3h11v8h-11z"

export const TOOLS = [
  {
    name: "distance",
    title: "Measure a distance",
    spoken: "measures a distance",
    letter: "m",
    face: () => icon(RULER),
    least: 2,
    most: Infinity,
    words: (points, { ground }) => points.length > 1 ? `Length ${lengthWords(points, ground)}` : "",
  },
  {
    name: "area",
    title: "Measure an area",
    spoken: "measures an area",
    letter: "a",
    face: () => icon(POLYGON),
    least: 3,
    most: Infinity,
    isClosed: true,
    words(points, { ground }) {
      if (points.length < 2) return ""
      const around = `outline ${lengthWords([...points, points[0]], ground)}`
      return points.length < 3 ? around.replace("o", "O") : `Area ${areaWords(points, ground)}, ${around}`
    },
  },
  {
    name: "rectangle",
    title: "Draw a rectangle",
    spoken: "draws a rectangle",
    letter: "r",
    face: () => icon(RECTANGLE),
    least: 2,
    most: 2,
    isBox: true,
    isShown: (data) => Boolean(data.rectangle),
    words(points, { size }) {
      if (points.length < 2) return ""
      const [x0, y0, x1, y1] = boxOf(points, size)
      return `${x1 - x0} × ${y1 - y0} px from x ${x0}, y ${y0}`
    },
  },
]

export const toolNamed = (name) => TOOLS.find((tool) => tool.name === name)
