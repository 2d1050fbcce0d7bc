// A slider over the frames of a layer, which can be played.

import { el } from "../dom.js"
import { clamp } from "../view.js"

const PLAY_MS = 8000 // all of them, where each is to be seen for long enough
const FRAME_MS = [120, 600]

export class FrameBar {
  // `pick(number)`: null for the newest, whichever that is; resolves when the frame is shown.
  constructor(pick) {
    this.pick = pick
    this.layer = null
    this.timer = 0
    this.held = false // while a finger is on the slider, nothing moves under it
    this.button = el("button", { type: "button", class: "play", "data-testid": "viewer-play",
      onclick: () => (this.timer ? this.pause() : this.play()) })
    this.slider = el("input", { type: "range", min: 0, step: 1, "data-testid": "viewer-frame",
      oninput: () => this.pause() || this.choose(Number(this.slider.value)),
      onpointerdown: () => (this.held = true),
      onpointerup: () => this.release(),
      onpointercancel: () => this.release() })
    this.text = el("output", { class: "frame-text", "data-testid": "viewer-frame-text" })
    this.element = el("div", { class: "frames", role: "group", hidden: true },
      this.button, this.slider, this.text)
    this.showButton()
  }

  show(layer) {
    this.layer = layer ?? null
    this.element.hidden = !layer
    if (!layer) return this.pause()
    const { frames, unit, text } = layer
    this.text.textContent = text
    this.text.style.minWidth = `${Math.max(...frames.map((frame) => frame.text.length))}ch`
    this.element.setAttribute("aria-label", unit)
    this.element.dataset.number = layer.number
    this.element.dataset.frames = frames.length
    this.button.disabled = this.slider.disabled = frames.length < 2
    if (!this.held) this.place()
  }

  place() {
    const { frames, unit, number, text } = this.layer
    const at = frames.findIndex((frame) => frame.number === number)
    const last = frames.length - 1
    this.slider.max = last
    this.slider.value = at
    this.slider.setAttribute("aria-label", unit)
    this.slider.setAttribute("aria-valuetext", text)
    this.slider.style.setProperty("--part", `${last ? (100 * at) / last : 100}%`)
  }

  release() {
    this.held = false
    if (this.layer) this.place()
  }

  choose(at) {
    const { frames } = this.layer
    this.slider.style.setProperty("--part", `${(100 * at) / (frames.length - 1)}%`)
    // With the slider held, others may have come that it does not know of yet.
    return this.pick(at >= frames.length - 1 ? null : frames[at].number)
  }

  // From the start where it stands at the end; each is waited for.
  play() {
    const at = () => this.layer.frames.findIndex(({ number }) => number === this.layer.number)
    let next = at() >= this.layer.frames.length - 1 ? 0 : at() + 1
    const step = async () => {
      const { timer } = this
      await this.choose(next)
      if (this.timer !== timer) return // paused in the meantime
      if (next >= this.layer.frames.length - 1) return this.pause()
      next += 1
      this.timer = setTimeout(step, clamp(PLAY_MS / this.layer.frames.length, ...FRAME_MS))
    }
    this.timer = setTimeout(step, 0)
    this.showButton()
  }

  pause() {
    clearTimeout(this.timer)
    this.timer = 0
    this.showButton()
  }

  showButton() {
    const label = this.timer ? "Pause" : "Play"
    this.button.textContent = this.timer ? "❚❚" : "▶"
    this.button.setAttribute("aria-label", label)
    this.button.title = label
  }
}
