// The tool bar: a button for each action that has a face, in groups.

import { ACTIONS, isEnabled, isShown } from "../actions.js"
import { el } from "../dom.js"

const isWord = (face) => typeof face === "string" && /\w/.test(face)

export class Toolbar {
  constructor(viewer) {
    this.viewer = viewer
    this.buttons = new Map() // action → button
    this.zoomText = el("output", { class: "zoom", title: "Screen pixels per image pixel" })
    this.element = el("div", { class: "toolbar" },
      this.group("How to compare"),
      this.group("In this mode"),
      this.group("Tools"),
      el("div", { class: "zoomers" }, this.zoomText, this.group("Zoom")))
  }

  group(title) {
    const actions = ACTIONS.filter(({ group }) => group === title)
    return el("div", { class: "group", role: "group", "aria-label": title },
      ...actions.map((action) => this.button(action)))
  }

  button(action) {
    const { id, title, face } = action
    const hint = face === title ? null : title // it says so itself
    // Who says aloud what stands on the button is to reach it.
    const label = hint && isWord(face) ? `${face}: ${hint}` : hint
    const button = el("button", { type: "button", "data-testid": `viewer-${id}`, title: hint,
      "aria-label": label, onclick: (event) => action.run(this.viewer, event) },
      typeof face === "function" ? face() : face)
    this.buttons.set(action, button)
    return button
  }

  show() {
    for (const [action, button] of this.buttons) {
      if (action.isOn) button.setAttribute("aria-pressed", action.isOn(this.viewer))
      button.disabled = !isEnabled(action, this.viewer)
      button.hidden = !isShown(action, this.viewer)
    }
    for (const group of this.element.querySelectorAll(".group")) {
      group.hidden = [...group.children].every(({ hidden }) => hidden)
    }
  }

  showZoom(zoom) {
    this.zoomText.textContent = `${Math.round(zoom * 100)}%`
  }
}
