// A layer of numbers: its picture keeps codes, of which 0 is no value and the others go evenly from
// the lowest to the highest value of its range. Colours come from a colour map.

import { el } from "../dom.js"
import { clamp } from "../view.js"
import { colorMap } from "./colormaps.js"
import { drawPainted, sampled } from "./picture.js"

export class ValueLayer {
  static most = 255 // the highest code

  static decode(bitmap) {
    return new ValuePicture(bitmap, 255)
  }

  // `picture`: undefined while it is not needed, see pictures.js.
  constructor({ key, title, note, range, unit, colors, threshold, look }, picture) {
    this.key = key
    this.title = title
    this.note = note
    this.picture = picture
    this.usesClasses = false
    ;[this.low, this.high] = range ?? [0, 1]
    this.unit = unit ?? ""
    this.colors = colors ?? "viridis"
    this.threshold = threshold ?? null
    this.adjusts = Boolean(look)
  }

  // How its values are coloured: {colors, from, to, least}; the two ends of the colour map, and the
  // value below which nothing is painted.
  look(legend) {
    const own = { colors: this.colors, from: this.low, to: this.high, least: this.low }
    return legend?.looks?.get(this.key) ?? own
  }

  // Never smoothed where enlarged: a value is one pixel's.
  draw(surface, legend) {
    const table = tableOf(this, this.look(legend))
    drawPainted(surface, this.picture, (part) => part.paint(table))
  }

  valueAt(x, y, size) {
    const code = sampled(this.picture, "codes", { x, y, size })
    return code === 0 ? null : code
  }

  describe(code, legend) {
    const look = this.look(legend)
    const value = this.valueOf(code)
    return { text: this.text(value), color: colorAt(look, value) }
  }

  valueOf(code) {
    return this.low + ((code - 1) / this.steps) * (this.high - this.low)
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

// Beyond its ends the colour map goes on with its first and its last colour.
function colorAt({ colors, from, to }, value) {
  const share = from < to ? (value - from) / (to - from) : Number(value >= to)
  return colorMap(colors)[Math.round(255 * clamp(share, 0, 1))]
}

const tables = new Map() // the last ones: a picture is painted anew only for another table

// The colours of all codes, packed as in `colorTable`.
function tableOf(layer, look) {
  const key = JSON.stringify([layer.constructor.most, layer.low, layer.high, look])
  if (!tables.has(key)) tables.set(key, makeTable(layer, look))
  if (tables.size > 16) tables.delete(tables.keys().next().value)
  return tables.get(key)
}

function makeTable(layer, look) {
  const { most } = layer.constructor
  const table = new Uint32Array(most + 1)
  const bytes = new Uint8Array(table.buffer)
  // Half a code is lost in rounding.
  const slack = (layer.high - layer.low) / layer.steps / 2
  for (let code = 1; code <= most; code++) {
    const value = layer.valueOf(code)
    if (value >= look.least - slack) bytes.set([...colorAt(look, value), 255], 4 * code)
  }
  return table
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
    this.table = null
    this.bytes = 10 * this.codes.length
  }

  // The share of the pixels with a value whose code is below one.
  shareBelow(code) {
    const sum = (counts) => counts.reduce((total, pixels) => total + pixels, 0)
    return sum(this.counts.slice(1, code)) / (sum(this.counts.slice(1)) || 1)
  }

  // `table`: colours by code.
  paint(table) {
    if (this.table === table) return
    this.table = table
    const out = new Uint32Array(this.painted.data.buffer)
    for (let i = 0; i < out.length; i++) out[i] = table[this.codes[i]]
    this.context.putImageData(this.painted, 0, 0)
  }

  close() {
    this.source.width = this.source.height = 0
  }
}
