// The handle over a pane that a mode with a divider has: dragged, or moved with the arrow keys.

import { el } from "../dom.js"

export class Divider {
  // `move(part)`: a fraction of the pane's width, not yet limited to 0 to 1.
  constructor(move) {
    this.part = 0
    const drag = (clientX) => {
      const box = this.element.parentElement.getBoundingClientRect()
      move((clientX - box.left) / box.width)
    }
    this.element = el("div", {
      class: "divider", "data-testid": "viewer-divider", role: "slider", tabindex: 0,
      "aria-valuemin": 0, "aria-valuemax": 100,
      onpointerdown: (event) => {
        if (event.button !== 0) return
        this.element.setPointerCapture(event.pointerId)
        event.preventDefault()
        this.element.focus({ preventScroll: true })
      },
      onpointermove: (event) =>
        this.element.hasPointerCapture(event.pointerId) && drag(event.clientX),
      onkeydown: (event) => {
        const step = event.shiftKey ? 0.1 : 0.02
        const to = { ArrowLeft: this.part - step, ArrowRight: this.part + step, Home: 0, End: 1 }
        if (to[event.key] === undefined) return
        event.preventDefault()
        move(to[event.key])
      },
    }, el("div", { class: "handle", "aria-hidden": "true" }))
  }

  // Into `picture`, where it is not there yet.
  place(picture, label) {
    if (this.element.parentElement !== picture) picture.append(this.element)
    this.element.setAttribute("aria-label", label)
  }

  show(part) {
    this.part = part
    this.element.style.left = `${part * 100}%`
    this.element.setAttribute("aria-valuenow", Math.round(part * 100))
  }
}
