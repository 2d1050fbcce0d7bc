// What gestures, keys and buttons do to a viewer.

import { MODES } from "./modes/table.js"
import { pick, stateFor } from "./state.js"
import { boxOf, emptySketch, ended, withoutLast, withPoint } from "./tools/sketch.js"
import { toolNamed } from "./tools/table.js"
import { centerPixel, clamp, inSight, pan, settle } from "./view.js"

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
    this.showPointerSoon()
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
    this.send.click(pixel)
  }

  // ---- tools that draw on the picture ----

  get tool() {
    return this.state && toolNamed(this.state.tool)
  }

  get sketch() {
    return this.state.sketches[this.state.tool]
  }

  // A second time it is put away.
  chooseTool(name) {
    const { state } = this
    if (this.tool && this.tool !== toolNamed("rectangle")) this.state.sketches[state.tool] = emptySketch()
    else if (this.tool) this.state.sketches.rectangle = ended(this.sketch, this.tool)
    this.change(() => (state.tool = state.tool === name ? null : name))
    this.say(this.tool ? `${this.tool.title}: Enter sets a point, arrow keys move it.` : "")
  }

  // `aim`: the point of the image that a click would set.
  aimAt(aim) {
    this.aim = aim
    this.showSketches()
  }

  moveAim(dx, dy) {
    const { size } = this.data
    const middle = centerPixel(this.state.view)
    const [x, y] = this.aim ?? [middle.x + 0.5, middle.y + 0.5]
    this.aim = [clamp(x + dx, 0, size[0]), clamp(y + dy, 0, size[1])]
    const pixel = this.aim.map((at, axis) => Math.min(size[axis] - 1, Math.floor(at)))
    const seen = inSight(this.state.view, this.aim, this.stage.extent)
    this.state.view = settle(seen, size, this.stage.extent)
    this.cursor = { x: pixel[0], y: pixel[1] }
    this.draw()
  }

  setPoint(point = this.aim) {
    if (!this.tool) return
    const middle = centerPixel(this.state.view)
    this.aim = point ?? [middle.x + 0.5, middle.y + 0.5]
    this.setSketch(withPoint(this.sketch, this.tool, this.aim))
  }

  dropPoint() {
    this.setSketch(withoutLast(this.sketch))
  }

  // A sketch that is under way ends; without one, the tool is put away.
  endTool() {
    if (this.sketch.isOpen) this.setSketch(ended(this.sketch, this.tool))
    else this.chooseTool(this.state.tool)
  }

  setSketch(sketch) {
    const { tool, data } = this
    this.state.sketches[tool.name] = sketch
    this.showSketches()
    const { points, isOpen } = sketch
    const words = tool.words(points, { ground: data.ground, size: data.size })
    this.say([`${points.length} points`, words, isOpen ? "" : "Finished"].filter(Boolean).join(". "))
    if (!tool.isBox || isOpen) return
    const box = points.length ? boxOf(points, data.size) : null
    this.send.rectangle({ image: data.image.digest, box })
  }

  // The address of this page at this place, to be passed on.
  async copyLink() {
    const { view } = this.state
    const { extent } = this.stage
    const seen = [view.cx, view.cy, extent[0] / view.zoom, extent[1] / view.zoom]
    const url = new URL(location.href)
    url.searchParams.set("at", seen.map((value) => Number(value.toFixed(1))).join(","))
    try {
      await navigator.clipboard.writeText(url.href)
      this.stage.tell("Copied: the address of this place")
      this.say("Copied")
    } catch {
      // Not to be had where the page came without encryption from another machine.
      window.prompt("The address of this place", url.href)
    }
  }

  // Resolves when the frame is at hand, so that playing never runs ahead of what can be drawn.
  pickFrame(number) {
    stateFor(this.given.key, MODES).frame = number
    return this.update(this.given, this.send)
  }
}
