// A sheet of all keys and gestures, made from the table of actions.

import { el } from "../dom.js"
import { helpRows } from "./help.js"

const GESTURES = [
  ["Drag", "Pan"],
  ["Wheel", "Zoom, after a click on the picture or with Ctrl or ⌘"],
  ["Double click", "Zoom in; with Shift, out"],
  ["Pinch", "Zoom, with two fingers"],
  ["With a tool", "Click or tap sets a point, or drag from one to the next; a double click or Esc ends, " +
    "Enter sets the point that the arrow keys move, Backspace takes one back"],
  ["Divider", "Drag it, or focus it and use ← → Home End"],
  ["Alt + click on a class", "Only this class, or all again"],
]

export class HelpSheet {
  constructor() {
    this.body = el("tbody")
    const close = el("button", { type: "button", "data-testid": "viewer-help-close",
      onclick: () => this.element.close() }, "Close")
    this.element = el("dialog", { class: "sheet", "aria-label": "Keys and gestures",
      "data-testid": "viewer-help-sheet",
      onclick: (event) => event.target === this.element && this.element.close() },
    el("div", {},
      el("h4", {}, "Keys and gestures"), el("table", {}, this.body),
      el("p", {}, "Keys work while the picture has the focus: click it, or reach it with Tab."),
      close))
  }

  open(viewer) {
    const rows = [...helpRows(viewer), ...GESTURES]
    this.body.replaceChildren(...rows.map(([keys, text]) =>
      el("tr", {}, el("th", { scope: "row" }, keys), el("td", {}, text))))
    this.element.showModal()
  }
}
