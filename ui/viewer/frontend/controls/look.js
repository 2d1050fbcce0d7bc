// In the panel, of a layer of values that can be adjusted: its colour map, the values of its first and
// last colour, and the value below which nothing is shown.

import { el } from "../dom.js"
import { MAPS } from "../layers/colormaps.js"
import { colorBar } from "./values.js"

const STEPS = 200
const SLIDERS = [
  ["from", "First colour at"],
  ["to", "Last colour at"],
  ["least", "Hide below"],
]

export class LookRow {
  // `set(key, look)`; a look is as layers/values.js has it.
  constructor(layer, set) {
    this.layer = layer
    const { key, title, low, high } = layer
    const change = (name, value) => set(key, moved(this.look, name, value))
    this.menu = el("select", { class: "pick", "data-testid": `viewer-colors-${key}`,
      "aria-label": `Colours of ${title}`, onchange: () => change("colors", this.menu.value) },
    ...MAPS.map((name) => el("option", { value: name }, name)))
    this.sliders = SLIDERS.map(([name, label]) => {
      const slider = el("input", { type: "range", min: low, max: high, step: (high - low) / STEPS,
        "data-testid": `viewer-${name}-${key}`, "aria-label": `${label}, ${title}`,
        oninput: () => change(name, Number(slider.value)) })
      const value = el("output", { class: "percent" })
      return { name, label, slider, value }
    })
    this.bar = el("div")
    const rows = this.sliders.map(({ label, slider, value }) =>
      el("div", { class: "opacity" }, el("span", { class: "name" }, label), slider, value))
    this.element = el("details", { class: "look" },
      el("summary", {}, this.bar), this.menu, ...rows)
  }

  show(look) {
    this.look = look
    const { layer } = this
    const { colors, from, to } = look
    const ends = {
      low: `${from > layer.low ? "≤ " : ""}${layer.text(from)}`,
      high: `${to < layer.high ? "≥ " : ""}${layer.text(to)}`,
    }
    this.bar.replaceChildren(colorBar({ title: layer.title, colors, ...ends, text: String }))
    this.menu.value = colors
    for (const { name, slider, value } of this.sliders) {
      const part = (100 * (look[name] - layer.low)) / (layer.high - layer.low)
      slider.value = look[name]
      slider.style.setProperty("--part", `${part}%`)
      slider.setAttribute("aria-valuetext", layer.text(look[name]))
      value.textContent = layer.text(look[name])
    }
  }
}

// With another value; the first colour never lies beyond the last.
export function moved(look, name, value) {
  const next = { ...look, [name]: value }
  if (name === "from") next.to = Math.max(next.to, value)
  if (name === "to") next.from = Math.min(next.from, value)
  return next
}
