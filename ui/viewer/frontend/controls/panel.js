// Layers and legend beside the picture.

import { el, swatch } from "../dom.js"
import { LookRow } from "./look.js"
import { colorBar, ThresholdRow } from "./values.js"

export class Panel {
  // `on`: show(key, visible), fade(key, opacity), limit(key, value), toggle(index),
  // isolate(index), hide(indices).
  // `first`: sections that stand above them.
  constructor(on, first = []) {
    this.on = on
    this.first = first
    this.built = null
    this.element = el("div", { class: "panel", hidden: true })
  }

  // Rebuilt only when layers or classes are others, so a rerun takes no focus away.
  build(layers, classes) {
    const wanted = JSON.stringify([layers.map(({ key, title, note, low, high, colors, threshold, adjusts }) =>
      [key, title, note, low, high, colors, threshold, adjusts]), classes])
    if (wanted === this.built) return
    this.built = wanted
    this.layerRows = new Map(layers.map((layer) => [layer.key, this.layerRow(layer)]))
    this.classRows = classes.map((entry, index) => this.classRow(entry, index))
    const sections = []
    if (layers.length) {
      sections.push(el("section", { "aria-label": "Layers" },
        el("h4", {}, "Layers"), ...[...this.layerRows.values()].map(({ row }) => row)))
    }
    if (classes.length) {
      const all = (text, indices) =>
        el("button", { type: "button", class: "link", "data-testid": `viewer-classes-${text}`,
          onclick: () => this.on.hide(indices) }, text)
      sections.push(el("section", { "aria-label": "Classes" },
        el("h4", {}, "Classes", all("all", []), all("none", [...classes.keys()])),
        el("div", { class: "classes" }, ...this.classRows.map(({ row }) => row))))
    }
    this.element.replaceChildren(...this.first, ...sections)
    this.element.hidden = !sections.length
  }

  layerRow(layer) {
    const { key, title, note } = layer
    const check = el("input", { type: "checkbox", "data-testid": `viewer-layer-${key}`,
      onchange: () => this.on.show(key, check.checked) })
    const slider = el("input", { type: "range", min: 0, max: 100, step: 1,
      "data-testid": `viewer-opacity-${key}`, "aria-label": `Opacity of ${title}`,
      oninput: () => this.on.fade(key, slider.value / 100) })
    const percent = el("output", { class: "percent" })
    const row = el("div", { class: "layer" },
      el("label", { title }, check, el("span", { class: "name" }, title)),
      el("div", { class: "opacity" }, slider, percent),
      ...(note ? [el("p", { class: "note" }, note)] : []),
      ...(layer.colors && !layer.adjusts ? [colorBar(layer)] : []))
    const look = layer.adjusts ? new LookRow(layer, this.on.color) : null
    if (look) row.append(look.element)
    const limit = layer.threshold ? new ThresholdRow(layer, this.on.limit) : null
    if (limit) row.append(limit.element)
    return { row, check, slider, percent, limit, look }
  }

  classRow({ name, color }, index) {
    const isolate = () => this.on.isolate(index)
    const button = el("button", { type: "button", class: "class", title: `Show or hide ${name}`,
      "data-testid": `viewer-class-${index}`,
      onclick: (event) => (event.altKey ? isolate() : this.on.toggle(index)) },
      swatch(color), el("span", { class: "name" }, name))
    const only = el("button", { type: "button", class: "link only", onclick: isolate,
      "data-testid": `viewer-only-${index}`, "aria-label": `Show only ${name}` }, "only")
    return { row: el("div", { class: "class-row" }, button, only), button }
  }

  // As the state has it; `shown`: the layers with their pictures.
  show({ layers, off, thresholds, looks }, shown) {
    const of = new Map(shown.map((layer) => [layer.key, layer]))
    for (const [key, { check, slider, percent, row, limit, look }] of this.layerRows) {
      const { visible, opacity } = layers.get(key)
      look?.show(looks.get(key))
      limit?.show(of.get(key), thresholds.get(key))
      const text = Math.round(opacity * 100)
      check.checked = visible
      slider.value = text
      slider.style.setProperty("--part", `${text}%`)
      percent.textContent = `${text}%`
      row.classList.toggle("off", !visible)
    }
    this.classRows.forEach(({ button }, i) => button.setAttribute("aria-pressed", !off.has(i)))
  }
}
