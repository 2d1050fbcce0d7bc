// What is drawn over the picture of a pane: sketches and outlines, as lines that are seen on any ground.

const SVG = "http://www.w3.org/2000/svg"

function make(tag, attributes = {}) {
  const element = document.createElementNS(SVG, tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  return element
}

export class SketchView {
  constructor() {
    this.element = make("svg", { class: "sketch", "aria-hidden": "true" })
    this.drawn = ""
  }

  // `shapes`: [{points, isClosed, hasCorners, isOpen}] in CSS pixels of the pane; drawn anew only
  // where they are others.
  show(shapes) {
    const paths = shapes.map(({ points, isClosed, hasCorners, isOpen }) => ({
      path: points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("") +
        (isClosed && points.length > 2 ? "Z" : ""),
      corners: hasCorners ? points : [],
      isOpen,
    }))
    const drawn = JSON.stringify(paths)
    if (drawn === this.drawn) return
    this.drawn = drawn
    this.element.replaceChildren(...paths.flatMap(({ path, corners, isOpen }) => [
      make("path", { class: "under", d: path }),
      make("path", { class: isOpen ? "over open" : "over", d: path }),
      ...corners.map(([cx, cy]) => make("circle", { cx, cy, r: 3.5 })),
    ]))
  }
}
