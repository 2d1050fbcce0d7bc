// What gestures, keys and buttons do to a viewer.

import { MODES } from "./modes/table.js"
import { pick, stateFor } from "./state.js"
import { centerPixel, pan } from "./view.js"

// The base of Viewer, which has the state and the screen.
export class Commands {
  choose(mode) {
    this.change((state) => (state.mode = mode.name))
  }

  pick(name, key) {
    this.mode.onPick?.(this.scene())
    this.change((state) => pick(state, this.mode, name, key))
  }

  get paneCount() {
    return this.mode.count?.(this.scene())
  }

  setPaneCount(count) {
    const added = this.mode.setCount(this.scene(), count)
    this.change(({ layers }) => added.forEach((key) => (layers.get(key).visible = true)))
  }

  get isPaused() {
    return !this.mode.timer?.isOn(this.scene().own)
  }

  pause() {
    this.change(({ own }) => this.mode.timer.pause(own[this.mode.name]))
  }

  look(view) {
    this.state.view = view
    this.draw()
  }

  pan(dx, dy) {
    this.look(pan(this.state.view, [dx, dy], this.data.size, this.stage.extent))
  }

  zoomBy(factor) {
    this.change(({ view }) => Object.assign(view, { fit: false, zoom: view.zoom * factor }))
  }

  // Where the fitted zoom is 1 or less, `settle` takes 1 for "fit"; it is the same picture.
  zoomTo(zoom) {
    this.change(({ view }) => Object.assign(view, { fit: false, zoom }))
  }

  fit() {
    this.change(({ view }) => (view.fit = true))
  }

  showHelp() {
    this.helpSheet.open(this)
  }

  toggleFullscreen() {
    if (document.fullscreenElement) document.exitFullscreen()
    else this.root.requestFullscreen?.()
  }

  peek(on) {
    if (this.peeking === on) return
    this.peeking = on
    this.draw()
  }

  hover(pixel) {
    this.cursor = pixel
    this.showPointer()
  }

  pointAtCenter() {
    this.hover(centerPixel(this.state.view))
  }

  selectPointed() {
    this.select(this.cursor ?? centerPixel(this.state.view))
  }

  select(pixel) {
    if (!pixel || !this.isClickable) return
    this.state.marker = pixel
    this.showPointer()
    this.send(pixel)
  }

  // Resolves when the frame is at hand, so that playing never runs ahead of what can be drawn.
  pickFrame(number) {
    stateFor(this.given.key, MODES).frame = number
    return this.update(this.given, this.send)
  }
}
