// A layer of numbers: its picture keeps codes, of which 0 is no value and the others go evenly from
// the lowest to the highest value of its range. Colours come from a colour map.

import { el } from "../dom.js"
import { colorMap } from "./colormaps.js"
import { drawPainted, sampled } from "./picture.js"

export class ValueLayer {
  static most = 255 // the highest code

  static decode(bitmap) {
    return new ValuePicture(bitmap, 255)
  }

  // `picture`: undefined while it is not needed, see pictures.js.
  constructor({ key, title, note, range, unit, colors, threshold }, picture) {
    this.key = key
    this.title = title
    this.note = note
    this.picture = picture
    this.usesClasses = false
    ;[this.low, this.high] = range ?? [0, 1]
    this.unit = unit ?? ""
    this.colors = colors ?? "viridis"
    this.threshold = threshold ?? null
  }

  // Never smoothed where enlarged: a value is one pixel's.
  draw(surface) {
    drawPainted(surface, this.picture, (part) => part.paint(this.colors))
  }

  valueAt(x, y, size) {
    const code = sampled(this.picture, "codes", { x, y, size })
    return code === 0 ? null : code
  }

  describe(code) {
    const { text } = this
    const share = (code - 1) / this.steps
    return {
      text: text(this.low + share * (this.high - this.low)),
      color: colorMap(this.colors)[Math.round(255 * share)],
    }
  }

  get steps() {
    return this.constructor.most - 1
  }

  // The smallest code that is not below a value.
  codeOf(value) {
    return 1 + Math.ceil(((value - this.low) / (this.high - this.low)) * this.steps - 1e-9)
  }

  // A value in words, with as many digits as the codes can tell apart.
  text = (value) => {
    const step = (this.high - this.low) / this.steps
    const digits = Math.min(6, Math.max(0, Math.ceil(-Math.log10(step))))
    return `${value.toFixed(digits)}${this.unit && ` ${this.unit}`}`
  }
}

// Of 65,535 values, sent in two of a picture's bytes: the browser reads no more than eight bits.
export class DeepValueLayer extends ValueLayer {
  static most = 65535

  static decode(bitmap) {
    return new ValuePicture(bitmap, 65535)
  }
}

class ValuePicture {
  // `most`: the highest code. Above 255 the high byte is red and the low byte green.
  constructor(bitmap, most) {
    this.width = bitmap.width
    this.height = bitmap.height
    this.most = most
    this.source = el("canvas", { width: bitmap.width, height: bitmap.height })
    this.context = this.source.getContext("2d", { willReadFrequently: true })
    this.context.drawImage(bitmap, 0, 0)
    bitmap.close()
    this.painted = this.context.getImageData(0, 0, this.width, this.height)
    const { data } = this.painted
    this.codes = new (most > 255 ? Uint16Array : Uint8Array)(this.width * this.height)
    this.counts = new Uint32Array(most + 1)
    for (let i = 0; i < this.codes.length; i++) {
      this.codes[i] = most > 255 ? 256 * data[4 * i] + data[4 * i + 1] : data[4 * i]
      this.counts[this.codes[i]]++
    }
    this.colors = null
    this.bytes = 10 * this.codes.length
  }

  // The share of the pixels with a value whose code is below one.
  shareBelow(code) {
    const sum = (counts) => counts.reduce((total, pixels) => total + pixels, 0)
    return sum(this.counts.slice(1, code)) / (sum(this.counts.slice(1)) || 1)
  }

  paint(colors) {
    if (this.colors === colors) return
    this.colors = colors
    const table = new Uint32Array(this.most + 1)
    const bytes = new Uint8Array(table.buffer)
    const map = colorMap(colors)
    for (let code = 1; code <= this.most; code++) {
      bytes.set([...map[Math.round((255 * (code - 1)) / (this.most - 1))], 255], 4 * code)
    }
    const out = new Uint32Array(this.painted.data.buffer)
    for (let i = 0; i < out.length; i++) out[i] = table[this.codes[i]]
    this.context.putImageData(this.painted, 0, 0)
  }

  close() {
    this.source.width = this.source.height = 0
  }
}
