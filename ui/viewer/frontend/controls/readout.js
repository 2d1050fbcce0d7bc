// The line below the picture: the values under the pointer, or what the picture is.

import { el, swatch } from "../dom.js"

// What the layers say about a pixel; a label differs where it is another than the first one.
export function readings(layers, { x, y }, size, legend) {
  const rows = layers.flatMap((layer) => {
    const value = layer.valueAt(x, y, size)
    if (value === undefined) return [{ title: layer.title, text: "…", label: null }] // on its way
    return value === null ? [] : [{ title: layer.title, ...layer.describe(value, legend, { x, y, size }) }]
  })
  const isLabel = (label) => label !== null && label !== undefined
  const reference = rows.map(({ label }) => label).find(isLabel)
  return rows.map((row) => ({ ...row, differs: isLabel(row.label) && row.label !== reference }))
}

export class Readout {
  constructor() {
    this.element = el("div", { class: "readout", "data-testid": "viewer-readout" })
  }

  // Room for the longest class name, so that nothing moves from pixel to pixel.
  reserve(classes) {
    const longest = Math.max(4, ...classes.map(({ name }) => name.length))
    this.element.style.setProperty("--class-width", `${longest}ch`)
  }

  // `map`: where it is on the ground, in words; empty where that is unknown.
  showPixel({ x, y }, map, rows) {
    this.element.replaceChildren(
      el("span", { class: "where" }, `x ${x} `, el("span", { class: "y" }, `y ${y}`)),
      ...rows.map(reading),
      ...(map ? [el("span", { class: "map", "data-testid": "viewer-map" }, map)] : []))
  }

  // `sent`: the picture as it came, which may be smaller than the image.
  showSize(size, sent, help) {
    const shrunk = sent.width < size[0] || sent.height < size[1]
    const shown = shrunk ? `, shown with ${sent.width} × ${sent.height}` : ""
    this.element.replaceChildren(
      el("span", { class: "where" }, `${size[0]} × ${size[1]} px${shown}`),
      el("span", { class: "help" }, help))
  }
}

function reading({ title, text, color, differs }) {
  return el("span", { class: "value" },
    el("span", { class: "title" }, title),
    el("span", { class: "flag", title: differs ? "Differs" : "" }, differs ? "≠" : ""),
    swatch(color),
    el("span", { class: "class-name" }, text))
}
