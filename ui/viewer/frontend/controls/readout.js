// The line below the picture: the values under the pointer, or what the picture is.

import { el, swatch } from "../dom.js"

const GONE = "the server does not have the image at hand any more: reload the page"

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
    this.line = el("div", { class: "readout", "data-testid": "viewer-readout" })
    this.bands = el("dl", { class: "bands", "data-testid": "viewer-bands", hidden: true,
      "aria-label": "Values of the image" })
    this.element = el("div", {}, this.line, this.bands)
    this.names = null
  }

  // Room for the longest class name, so that nothing moves from pixel to pixel.
  reserve(classes) {
    const longest = Math.max(4, ...classes.map(({ name }) => name.length))
    this.line.style.setProperty("--class-width", `${longest}ch`)
  }

  // `source`: {names, digits} of the image's bands; null where its values are not to be had. All
  // that changes from pixel to pixel are the values, so that nothing moves.
  showBands(source, pixel, known) {
    this.bands.hidden = !source
    if (!source) return
    const names = JSON.stringify([source.names, source.digits])
    if (names !== this.names) {
      this.names = names
      this.values = source.names.map(() => el("dd"))
      this.flag = el("dd", { class: "no-data" })
      this.bands.style.setProperty("--digits", `${source.digits}ch`)
      this.bands.replaceChildren(
        ...source.names.map((name, i) => el("div", {}, el("dt", {}, name), this.values[i])),
        el("div", {}, el("dt", { class: "unseen" }, "Data"), this.flag))
    }
    this.values.forEach((value, i) => (value.textContent = known?.values[i] ?? "–"))
    this.flag.textContent = known === null ? GONE : known?.data === false ? "no data" : ""
    // Whose values they are, once they are there.
    if (pixel && known) this.bands.dataset.at = `${pixel.x},${pixel.y}`
    else delete this.bands.dataset.at
  }

  // `map`: where it is on the ground, in words; empty where that is unknown.
  showPixel({ x, y }, map, rows) {
    this.line.replaceChildren(
      el("span", { class: "where" }, `x ${x} `, el("span", { class: "y" }, `y ${y}`)),
      ...rows.map(reading),
      ...(map ? [el("span", { class: "map", "data-testid": "viewer-map" }, map)] : []))
  }

  // `sent`: the picture as it came, which may be smaller than the image.
  showSize(size, sent, help) {
    const shrunk = sent.width < size[0] || sent.height < size[1]
    const shown = shrunk ? `, shown with ${sent.width} × ${sent.height}` : ""
    this.line.replaceChildren(
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
