// The area of the pictures: the panes that a mode wants, in a grid, with its divider and menus.

import { el } from "../dom.js"
import { bestColumns, toScreen, wholePixels } from "../view.js"
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
    this.scaleLine = el("span")
    this.scaleText = el("div")
    this.scale = el("div", { class: "scale", "data-testid": "viewer-scale", hidden: true },
      this.scaleText, this.scaleLine)
    this.notice = el("div", { class: "notice", role: "alert", hidden: true })
    this.hintText = el("div", { class: "hint", "aria-hidden": "true" })
    this.toolText = el("div", { class: "tool-text", "data-testid": "viewer-tool-text", hidden: true })
    this.grid = el("div", { class: "stage" })
    const over = [this.scale, this.toolText, this.hintText, this.notice]
    this.element = el("div", { class: "stage-box" }, this.grid, ...over)
    this.observer = new ResizeObserver((entries) => this.resized(entries))
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
      for (const [key, pane] of kept) if (!keys.includes(key)) this.dropPane(pane)
      this.grid.replaceChildren(...this.panes.map(({ element }) => element))
    }
    if (mode.picks) this.picksOf(mode).show(scene)
    this.panes.forEach((pane, i) => {
      const { title, picks, shows, now } = specs[i]
      pane.canvas.dataset.pane = shows ?? pane.key
      pane.canvas.setAttribute("aria-label", `${title}, ${description}`)
      pane.caption.hidden = !mode.captions
      if (picks) this.picksOf(mode).place(pane.caption, picks, now)
      else pane.caption.replaceChildren(title)
    })
    if (mode.divider) {
      this.divider.place(this.panes[0].picture, mode.divider.label)
      this.divider.show(mode.divider.at(scene.own))
    } else {
      this.divider.element.remove()
    }
  }

  // All that is drawn, on whichever pane.
  get parts() {
    return this.specs.flatMap(({ stack }) => stack)
  }

  // The layers that the readout names: none that is not shown.
  get read() {
    const layers = this.specs.flatMap(({ reads, stack }) => reads ?? stack.map(({ layer }) => layer))
    return [...new Set(layers)]
  }

  addPane(key) {
    const pane = new Pane(key)
    this.gestures.set(key, new Gestures(pane.canvas, this.on.gestures(pane)))
    try {
      this.observer.observe(pane.canvas, { box: "device-pixel-content-box" })
    } catch {
      this.observer.observe(pane.canvas) // Safari does not say; whole columns are right there
    }
    return pane
  }

  dropPane(pane) {
    this.observer.unobserve(pane.canvas)
    this.gestures.get(pane.key).cancel()
    this.gestures.delete(pane.key)
  }

  resized(entries) {
    for (const { target, devicePixelContentBoxSize } of entries) {
      const pane = this.panes.find(({ canvas }) => canvas === target)
      if (!pane) continue
      const box = devicePixelContentBoxSize?.[0]
      pane.reported = box ? [box.inlineSize, box.blockSize] : null
    }
    this.on.resize()
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

  get ratio() {
    return window.devicePixelRatio || 1
  }

  layOut(size) {
    const { ratio } = this
    const extent = [this.grid.clientWidth, this.grid.clientHeight]
    const caption = this.mode.captions ? CAPTION : 0
    const count = this.panes.length
    const columns = bestColumns(count, size, extent, { gap: GAP, caption })
    const share = (length, parts) =>
      `${wholePixels((length - GAP * (parts - 1)) / parts, ratio)}px`
    this.grid.style.gridTemplateColumns = `repeat(${columns}, ${share(extent[0], columns)})`
    this.grid.style.gridAutoRows = share(extent[1], Math.ceil(count / columns))
    this.panes.forEach((pane) => pane.measure(ratio))
  }

  // `place`: see view.js; `isShown(part)`: whether a part of a stack is drawn just now.
  draw(place, legend, isFitted, isShown) {
    this.panes.forEach((pane, i) => {
      pane.draw(this.specs[i].stack.filter(isShown), place, legend)
      pane.canvas.classList.toggle("fits", isFitted)
    })
  }

  // The tiles that a stack needs to be drawn, and what layers it compares.
  wants(place, isShown) {
    return this.panes.flatMap((pane, i) =>
      this.specs[i].stack.filter(isShown).flatMap(({ layer, from = 0, to = 1 }) => {
        const region = [from * pane.device[0], 0, to * pane.device[0], pane.device[1]]
        return (layer.pictures ?? [layer.picture]).flatMap((picture) =>
          picture?.isTiled ? picture.wants(place, region, layer.isSmooth) : [])
      }))
  }

  forget() {
    this.panes.forEach((pane) => pane.forget())
  }

  showPointer(place, size, { cursor, marker, step }) {
    const at = (x, y) => toScreen(place, size, this.ratio, [x, y])
    for (const pane of this.panes) {
      pane.showPointer(at, cursor, this.mode.crosshair, step)
      pane.showMarker(at, marker)
    }
  }

  // `shapes`: as SketchView has them, but in image pixels; `text`: what the tool says.
  showSketches(place, size, shapes, text) {
    const at = (point) => toScreen(place, size, this.ratio, point)
    for (const pane of this.panes) {
      pane.sketch.show(shapes.map((shape) => ({ ...shape, points: shape.points.map(at) })))
    }
    this.toolText.textContent = text
    this.toolText.hidden = !text
  }

  // `bar`: {text, width}, or null where the image has no place on the ground.
  showScale(bar) {
    this.scale.hidden = !bar
    if (!bar) return
    this.scaleText.textContent = bar.text
    this.scaleLine.style.width = `${bar.width}px`
  }

  showNotice(text) {
    this.notice.textContent = text ?? ""
    this.notice.hidden = !text
  }

  hint() {
    const key = /Mac/.test(navigator.platform) ? "⌘" : "Ctrl"
    this.tell(`Click the picture or hold ${key} to zoom with the wheel`)
  }

  tell(text) {
    this.hintText.textContent = text
    this.hintText.classList.add("on")
    clearTimeout(this.hintTimer)
    this.hintTimer = setTimeout(() => this.hintText.classList.remove("on"), HINT_MS)
  }
}
