// In the panel, of a layer of values: what its colours stand for, and the threshold below which
// labels are unsure.

import { cssColor } from "../colors.js"
import { el } from "../dom.js"
import { colorMap } from "../layers/colormaps.js"

const STOPS = 16

export function colorBar({ title, colors, low, high, text }) {
  const map = colorMap(colors)
  const stops = Array.from({ length: STOPS + 1 }, (_, i) =>
    cssColor(map[Math.round((255 * i) / STOPS)]))
  const bar = el("div", { class: "bar" })
  bar.style.backgroundImage = `linear-gradient(to right, ${stops.join(", ")})`
  const label = `${title}: colours from ${text(low)} to ${text(high)}`
  return el("div", { class: "color-bar", role: "img", "aria-label": label },
    bar, el("span", {}, text(low)), el("span", {}, text(high)))
}

export class ThresholdRow {
  // `limit(key, value)`
  constructor(layer, limit) {
    const { key, threshold, low, high } = layer
    this.slider = el("input", { type: "range", min: low, max: high, step: (high - low) / 100,
      "data-testid": `viewer-threshold-${key}`, "aria-label": threshold.title,
      oninput: () => limit(key, Number(this.slider.value)) })
    this.value = el("output", { class: "percent" })
    this.share = el("span", { "data-testid": `viewer-unsure-${key}` })
    this.element = el("div", { class: "threshold" },
      el("span", { class: "name" }, threshold.title),
      el("div", { class: "opacity" }, this.slider, this.value),
      el("p", { class: "note" }, el("span", { class: "swatch hatched", "aria-hidden": "true" }),
        this.share))
  }

  // `layer`: as it is now, with its picture.
  show(layer, value) {
    const { low, high } = layer
    const part = (100 * (value - low)) / (high - low)
    this.slider.value = value
    this.slider.style.setProperty("--part", `${part}%`)
    this.slider.setAttribute("aria-valuetext", layer.text(value))
    this.value.textContent = value.toFixed(2)
    const share = layer.picture?.shareBelow(layer.codeOf(value)) ?? 0
    this.share.textContent = `unsure: ${(100 * share).toFixed(1)}% of the pixels`
  }
}
