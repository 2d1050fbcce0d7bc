// What the colours of the difference mean, and how many pixels they are, by class too.

import { el, swatch } from "../dom.js"
import { OUTCOMES, tally } from "../layers/difference.js"

const share = (part, whole) => `${whole ? ((100 * part) / whole).toFixed(1) : "0.0"}%`

const compact = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 })

// A number in little room; all its digits when pointed at.
const number = (pixels) => el("td", { title: pixels.toLocaleString("en") }, compact.format(pixels))

export class DifferencePanel {
  // `fade(opacity)`
  constructor(fade) {
    this.shown = null
    this.slider = el("input", { type: "range", min: 0, max: 100, step: 1,
      "data-testid": "viewer-opacity-difference", "aria-label": "Opacity of the difference",
      oninput: () => fade(this.slider.value / 100) })
    this.percent = el("output", { class: "percent" })
    this.figures = el("div")
    this.element = el("section", { "aria-label": "Difference", class: "difference", hidden: true,
      "data-testid": "viewer-difference" },
    el("h4", {}, "Difference"), this.figures,
    el("div", { class: "opacity" }, this.slider, this.percent))
  }

  // `layer`: the difference that is shown, or undefined.
  show(layer, opacity, legend, size) {
    this.element.hidden = !layer
    if (!layer) return
    const text = `${Math.round(100 * opacity)}%`
    this.slider.value = Math.round(100 * opacity)
    this.slider.style.setProperty("--part", text)
    this.percent.textContent = text
    const { pairs } = layer
    if (this.shown?.pairs === pairs && this.shown.legend === legend) return
    this.shown = { pairs, legend }
    if (!pairs.counts) return this.wait(pairs, () => this.show(layer, opacity, legend, size))
    const { outcomes, classes } = tally(pairs.counts, legend.classes.length, legend.off)
    const compared = outcomes.slice(1).reduce((sum, pixels) => sum + pixels, 0)
    const shrunk = pairs.width < size[0] || pairs.height < size[1]
    this.figures.replaceChildren(
      el("ul", { class: "outcomes" }, ...OUTCOMES.map(({ outcome, id, title, color }) =>
        el("li", { "data-testid": `viewer-difference-${id}`, "data-pixels": outcomes[outcome] },
          swatch(color), el("span", { class: "name" }, title),
          el("span", { class: "percent", title: `${outcomes[outcome].toLocaleString("en")} pixels` },
            share(outcomes[outcome], compared))))),
      this.table(classes, legend),
      ...(shrunk ? [el("p", { class: "note" },
        `Counted on ${pairs.width} × ${pairs.height} pixels, ${pairs.how}.`)] : []))
  }

  // Until the server has counted.
  wait(pairs, again) {
    const text = pairs.error ? `Not counted: ${pairs.error}` : "Counting the pixels …"
    this.figures.replaceChildren(el("p", { class: "note", role: "status" }, text))
    pairs.changed = () => {
      this.shown = null
      if (pairs.counts) again()
      else this.wait(pairs, again)
    }
  }

  table(rows, { classes, off }) {
    const head = (text, title) => el("th", { scope: "col", title }, text)
    return el("table", { "aria-label": "Difference by class" },
      el("thead", {}, el("tr", {}, head("Pixels", "Pixels by class"), head("Hits", "Of that class in both"),
        head("False", "False alarms: of that class in the first only"),
        head("Missed", "Misses: of that class in the reference only"))),
      el("tbody", {}, ...rows.map(({ hits, falseAlarms, misses }, index) =>
        el("tr", { class: off.has(index) ? "off" : null, "data-testid": `viewer-difference-class-${index}` },
          el("th", { scope: "row", title: classes[index].name }, classes[index].name),
          number(hits), number(falseAlarms), number(misses)))))
  }
}
