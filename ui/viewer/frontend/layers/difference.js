// Two label layers compared pixel by pixel: hits, false alarms and misses, counted and painted in
// the browser. The first is what is judged, the second the reference.

import { VOID } from "../colors.js"
import { el } from "../dom.js"
import { TiledPairs } from "./tiled_pairs.js"
import { stretch } from "./picture.js"

// A pixel that shows nothing, for a tile of which there is nothing to compare.
const NOTHING = globalThis.document && el("canvas", { width: 1, height: 1 })

export const HIT = 1
export const FALSE_ALARM = 2
export const MISS = 3
export const OTHER = 4

// Blue, orange, dark blue, dark red: of different lightness, so that they are told apart without
// red or green too (tests/ui/viewer/test_colors.py).
export const OUTCOMES = [
  { outcome: HIT, id: "hit", title: "Hit", color: [150, 205, 255] },
  { outcome: FALSE_ALARM, id: "false-alarm", title: "False alarm", color: [255, 140, 0] },
  { outcome: MISS, id: "miss", title: "Miss", color: [30, 40, 160] },
  { outcome: OTHER, id: "other", title: "Another class", color: [110, 20, 50] },
]

// What a pair of labels is, seen by the classes that are shown; 0: nothing. Void, and a label
// without a class, say nothing about the ground.
export function outcomeOf(first, second, count, off) {
  if (Math.max(first, second) >= Math.min(count, VOID)) return 0
  const [inFirst, inSecond] = [!off.has(first), !off.has(second)]
  if (first === second) return inFirst ? HIT : 0
  if (inFirst && inSecond) return OTHER
  if (inFirst) return FALSE_ALARM
  return inSecond ? MISS : 0
}

// What the pixels add up to. `counts`: pixels by 256 · first + second.
// Returns {outcomes: pixels by outcome, classes: [{hits, falseAlarms, misses}]}.
export function tally(counts, count, off) {
  const outcomes = [0, 0, 0, 0, 0]
  const classes = Array.from({ length: count }, () => ({ hits: 0, falseAlarms: 0, misses: 0 }))
  for (let first = 0; first < Math.min(count, VOID); first++) {
    for (let second = 0; second < Math.min(count, VOID); second++) {
      const pixels = counts[256 * first + second]
      outcomes[outcomeOf(first, second, count, off)] += pixels
      if (first === second) classes[first].hits += pixels
      else {
        classes[first].falseAlarms += pixels
        classes[second].misses += pixels
      }
    }
  }
  return { outcomes, classes }
}

// Colours of all pairs, packed as in `colorTable`.
function pairColors({ classes, off }) {
  const table = new Uint32Array(65536)
  const bytes = new Uint8Array(table.buffer)
  for (let pair = 0; pair < table.length; pair++) {
    const outcome = outcomeOf(pair >> 8, pair & 255, classes.length, off)
    if (outcome) bytes.set([...OUTCOMES[outcome - 1].color, 255], 4 * pair)
  }
  return table
}

export class DifferenceLayer {
  // `first`, `second`: label layers.
  constructor(first, second) {
    this.key = "difference"
    this.title = "Difference"
    this.usesClasses = true
    this.first = first
    this.second = second
  }

  get pairs() {
    return pairsOf(this.first.picture, this.second.picture)
  }

  // What is compared, which has to be there.
  get pictures() {
    return [this.first.picture, this.second.picture]
  }

  draw(surface, legend) {
    const [first, second] = this.pictures
    if (!first.isTiled) {
      this.pairs.paint(legend)
      return stretch(surface, this.pairs.source)
    }
    first.draw(surface, (part, tile) => {
      const other = second.get(tile)
      if (!other?.indices) return other ? NOTHING : null
      const pairs = pairsOf(part, other)
      pairs.paint(legend)
      return pairs.source
    }, false)
  }

  // Undefined while one of the two is not known.
  valueAt(x, y, size) {
    const [first, second] = [this.first, this.second].map((layer) => layer.valueAt(x, y, size))
    return first === undefined || second === undefined ? undefined : 256 * first + second
  }

  describe(value, { classes, off }) {
    const [first, second] = [value >> 8, value & 255]
    const outcome = outcomeOf(first, second, classes.length, off)
    if (!outcome) return { text: "not compared" }
    const { title, color } = OUTCOMES[outcome - 1]
    const of = { [HIT]: first, [FALSE_ALARM]: first, [MISS]: second }[outcome]
    return { text: of === undefined ? title : `${title}: ${classes[of].name}`, color }
  }
}

// By the pictures, which the browser may drop: then this goes too.
const known = new WeakMap()

function pairsOf(first, second) {
  if (!known.has(first)) known.set(first, new WeakMap())
  const ofFirst = known.get(first)
  if (!ofFirst.has(second)) {
    ofFirst.set(second, new (first.isTiled ? TiledPairs : Pairs)(first, second))
  }
  return ofFirst.get(second)
}

export class Pairs {
  constructor(first, second) {
    // Of two that were sent at different sizes the larger grid counts.
    this.width = Math.max(first.width, second.width)
    this.height = Math.max(first.height, second.height)
    this.codes = new Uint16Array(this.width * this.height)
    this.counts = new Uint32Array(65536)
    this.how = "as they were sent"
    this.legend = null
    const [ofFirst, ofSecond] = [first, second].map((picture) => this.rowsOf(picture))
    for (let y = 0, i = 0; y < this.height; y++) {
      const [a, b] = [ofFirst(y), ofSecond(y)]
      for (let x = 0; x < this.width; x++, i++) this.counts[(this.codes[i] = 256 * a(x) + b(x))]++
    }
  }

  rowsOf({ indices, width, height }) {
    const columns = Uint32Array.from({ length: this.width }, (_, x) =>
      Math.floor(((x + 0.5) * width) / this.width))
    return (y) => {
      const start = width * Math.floor(((y + 0.5) * height) / this.height)
      return (x) => indices[start + columns[x]]
    }
  }

  paint(legend) {
    if (this.legend === legend) return
    this.legend = legend
    if (!this.source) {
      this.source = el("canvas", { width: this.width, height: this.height })
      this.context = this.source.getContext("2d", { willReadFrequently: true })
      this.painted = this.context.createImageData(this.width, this.height)
    }
    legend.pairColors ??= pairColors(legend)
    const out = new Uint32Array(this.painted.data.buffer)
    for (let i = 0; i < out.length; i++) out[i] = legend.pairColors[this.codes[i]]
    this.context.putImageData(this.painted, 0, 0)
  }
}
