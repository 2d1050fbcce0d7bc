// The area of the pictures: the panes that a mode wants, in a grid, with its divider and menus.

import { el } from "../dom.js"
import { bestColumns } from "../view.js"
import { Divider } from "./divider.js"
import { Gestures } from "./gestures.js"
import { Pane } from "./pane.js"
import { Picks } from "./picks.js"

const GAP = 8 // as in stage.css
const CAPTION = 28
const HINT_MS = 1200

export class Stage {
  // `on`: gestures(pane) → what Gestures needs, divide(part), choose(name, key), resize().
  constructor(on) {
    this.on = on
    this.panes = []
    this.gestures = new Map() // pane key → Gestures
    this.picks = new Map() // mode name → Picks
    this.divider = new Divider(on.divide)
    this.notice = el("div", { class: "notice", role: "alert", hidden: true })
    this.hintText = el("div", { class: "hint", "aria-hidden": "true" })
    this.grid = el("div", { class: "stage" })
    this.element = el("div", { class: "stage-box" }, this.grid, this.hintText, this.notice)
    this.observer = new ResizeObserver(on.resize)
    this.observer.observe(this.grid)
  }

  destroy() {
    this.observer.disconnect()
    clearTimeout(this.hintTimer)
    this.gestures.forEach((gestures) => gestures.cancel())
  }

  // `specs`: mode.panes(scene); `description`: what a screen reader says after a pane's title.
  // Keeps panes that stay, so that focus and gestures survive.
  arrange(mode, specs, scene, description) {
    this.mode = mode
    this.specs = specs
    const keys = specs.map(({ key }) => key)
    if (keys.join("\n") !== this.panes.map(({ key }) => key).join("\n")) {
      const kept = new Map(this.panes.map((pane) => [pane.key, pane]))
      this.panes = keys.map((key) => kept.get(key) ?? this.addPane(key))
      for (const key of kept.keys()) if (!keys.includes(key)) this.dropPane(key)
      this.grid.replaceChildren(...this.panes.map(({ element }) => element))
    }
    if (mode.picks) this.picksOf(mode).show(scene)
    this.panes.forEach((pane, i) => {
      const { title, picks } = specs[i]
      pane.canvas.setAttribute("aria-label", `${title}, ${description}`)
      pane.caption.hidden = !mode.captions
      if (picks) this.picksOf(mode).place(pane.caption, picks)
      else pane.caption.replaceChildren(title)
    })
    if (mode.divider) {
      this.divider.place(this.panes[0].picture, mode.divider.label)
      this.divider.show(mode.divider.at(scene.own))
    } else {
      this.divider.element.remove()
    }
  }

  addPane(key) {
    const pane = new Pane(key)
    this.gestures.set(key, new Gestures(pane.canvas, this.on.gestures(pane)))
    return pane
  }

  dropPane(key) {
    this.gestures.get(key).cancel()
    this.gestures.delete(key)
  }

  picksOf(mode) {
    if (!this.picks.has(mode.name)) this.picks.set(mode.name, new Picks(mode, this.on.choose))
    return this.picks.get(mode.name)
  }

  // All panes are of one size.
  get extent() {
    return this.panes[0].extent
  }

  get isVisible() {
    return this.extent.every(Boolean) // not in a closed tab or expander
  }

  layOut(size) {
    const extent = [this.grid.clientWidth, this.grid.clientHeight]
    const caption = this.mode.captions ? CAPTION : 0
    const columns = bestColumns(this.panes.length, size, extent, { gap: GAP, caption })
    this.grid.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`
    this.panes.forEach((pane) => pane.measure())
  }

  // `isShown(part)`: whether a part of a stack is drawn just now.
  draw(size, view, legend, isShown) {
    this.panes.forEach((pane, i) => {
      pane.draw(this.specs[i].stack.filter(isShown), size, view, legend)
    })
  }

  showPointer(view, cursor, marker, step) {
    for (const pane of this.panes) {
      pane.showPointer(view, cursor, this.mode.crosshair, step)
      pane.showMarker(view, marker)
    }
  }

  showNotice(text) {
    this.notice.textContent = text ?? ""
    this.notice.hidden = !text
  }

  hint() {
    const key = /Mac/.test(navigator.platform) ? "⌘" : "Ctrl"
    this.hintText.textContent = `Click the picture or hold ${key} to zoom with the wheel`
    this.hintText.classList.add("on")
    clearTimeout(this.hintTimer)
    this.hintTimer = setTimeout(() => this.hintText.classList.remove("on"), HINT_MS)
  }
}
