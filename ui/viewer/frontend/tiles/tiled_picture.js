// A picture of which only the tiles are fetched that are seen; stands where a decoded picture does.

import { el } from "../dom.js"
import { above, levelFor, levelSize, onPane, regionOf, shownRegion, tileOf, tilesIn } from "./grid.js"
import { EMPTY } from "./store.js"

// A pixel that lies on the border of two is the later one's, as `pixelAt` has it. Device pixels.
const TIE = 1e-3

// Where the tiles of a layer are put together before they are drawn: one for all, as layers are
// drawn one after the other. Another one for strips: the browser copies all of a canvas that is
// changed after it was drawn.
const sheets = new Map()
const SMALL = 512 * 512

function blankSheet(width, height) {
  const isSmall = width * height <= SMALL
  if (!sheets.has(isSmall)) {
    sheets.set(isSmall, el("canvas", { width: 1, height: 1 }).getContext("2d"))
  }
  const sheet = sheets.get(isSmall)
  const { canvas } = sheet
  if (canvas.width < width || canvas.height < height) {
    const grown = [Math.max(width, canvas.width), Math.max(height, canvas.height)]
    const isTooLarge = isSmall && grown[0] * grown[1] > 4 * SMALL // a wide strip, then a high one
    ;[canvas.width, canvas.height] = isTooLarge ? [width, height] : grown
  } else {
    sheet.clearRect(0, 0, width, height)
  }
  sheet.imageSmoothingEnabled = false
  return sheet
}

export class TiledPicture {
  // `tiles`: {src, size, side, levels}; `kind`: of layer, which decodes them; `store`: of the viewer.
  constructor({ digest, tiles, counts }, kind, store) {
    this.isTiled = true
    this.id = digest
    this.src = tiles.src
    this.pyramid = tiles
    this.counts = counts // pixels by code, of a layer of values
    ;[this.width, this.height] = tiles.size
    this.kind = kind
    this.store = store
  }

  request(tile) {
    const place = `${tile.level}/${tile.row}/${tile.column}`
    return { key: `${this.id}/${place}`, src: `${this.src}/${place}`, decode: (bitmap) => this.kind.decode(bitmap) }
  }

  // Undefined where it is not there yet.
  get({ level, row, column }) {
    return this.store.get(`${this.id}/${level}/${row}/${column}`)
  }

  // The tiles that a pane needs: first one that shows all of it, then from the middle outwards.
  wants(place, region, isSmooth) {
    const { pyramid } = this
    const level = levelFor(pyramid, place.width / this.width, isSmooth)
    const shown = shownRegion(pyramid, level, place, region, 1)
    const middle = [(shown[0] + shown[2]) / 2, (shown[1] + shown[3]) / 2].map((at) => at / pyramid.side)
    const distance = ({ row, column }) => Math.hypot(column + 0.5 - middle[0], row + 0.5 - middle[1])
    const tiles = tilesIn(pyramid, level, shown).sort((a, b) => distance(a) - distance(b))
    const last = { level: pyramid.levels - 1, row: 0, column: 0 }
    return [last, ...tiles].map((tile) => this.request(tile))
  }

  // `sourceOf(picture, tile)`: what is to be drawn of a tile, a canvas or bitmap; null where that is
  // not there yet. Then the nearest level above that has it is shown.
  draw({ context, left, top, width, height, clip }, sourceOf, isSmooth) {
    const { pyramid } = this
    const place = { left, top, width, height }
    const level = levelFor(pyramid, width / this.width, isSmooth)
    const isShrunk = isSmooth && width < this.width
    const region = this.region(level, place, clip, isShrunk)
    const size = [region[2] - region[0], region[3] - region[1]]
    if (size[0] <= 0 || size[1] <= 0) return
    const at = onPane(pyramid, level, place, region)
    context.save()
    context.beginPath()
    context.rect(left, top, width, height)
    context.clip()
    context.imageSmoothingEnabled = isShrunk
    context.imageSmoothingQuality = "low"
    if (!isShrunk && Number.isInteger(at.width) && Number.isInteger(at.height)) {
      this.place(context, level, region, at, sourceOf) // tiles end between two device pixels
    } else {
      const sheet = blankSheet(...size)
      this.place(sheet, level, region, { left: 0, top: 0, width: 1, height: 1 }, sourceOf)
      const shift = isShrunk ? 0 : TIE
      context.drawImage(sheet.canvas, 0, 0, ...size,
        at.left - shift, at.top - shift, size[0] * at.width, size[1] * at.height)
    }
    context.restore()
  }

  // Averaged pixels end at the picture's edge, where there is nothing to average with; others go on
  // by one, so that an edge between two device pixels is not half transparent.
  region(level, place, clip, isShrunk) {
    const region = shownRegion(this.pyramid, level, place, clip, isShrunk ? 2 : 1)
    if (!isShrunk) return region
    const [width, height] = levelSize(this.pyramid, level)
    return [Math.max(0, region[0]), Math.max(0, region[1]),
      Math.min(width, region[2]), Math.min(height, region[3])]
  }

  // Draws the tiles of a region, whose corner comes to lie at a place and whose pixels are as large
  // as it says, in whole numbers.
  place(context, level, region, at, sourceOf) {
    for (const tile of tilesIn(this.pyramid, level, region)) {
      const part = this.nearest(tile, sourceOf)
      if (!part?.source) continue
      const [x0, y0, x1, y1] = regionOf(this.pyramid, tile)
      const step = 2 ** part.up
      const [left, top] = regionOf(this.pyramid, part.tile)
      const [width, height] = [x1 - x0, y1 - y0]
      context.drawImage(part.source, x0 / step - left, y0 / step - top, width / step, height / step,
        at.left + (x0 - region[0]) * at.width, at.top + (y0 - region[1]) * at.height,
        width * at.width, height * at.height)
    }
  }

  // What there is of a tile, or of one above it: {tile, up, source}, without a source where nothing
  // is to be seen.
  nearest(tile, sourceOf) {
    for (let up = 0; tile.level + up < this.pyramid.levels; up++) {
      const at = above(tile, up)
      const picture = this.get(at)
      if (picture === EMPTY) return { tile: at, up, source: null }
      const source = picture && sourceOf(picture, at)
      if (source) return { tile: at, up, source }
    }
    return null
  }

  // The value of a pixel of the image itself by the name of its array; undefined while its tile is
  // not there, which is asked for then.
  sample(name, x, y, empty) {
    const at = tileOf(this.pyramid, { x, y })
    const picture = this.get(at.tile)
    if (picture === EMPTY) return empty
    if (picture) return picture[name][at.y * picture.width + at.x]
    this.store.wantPoint(this.id, this.request(at.tile))
    return undefined
  }

  // Of a layer of values: the share of the pixels with a value whose code is below one.
  shareBelow(code) {
    if (!this.counts) return 0
    const bins = this.kind.most > 255 ? code / 256 : code
    const sum = (counts) => counts.reduce((total, pixels) => total + pixels, 0)
    return sum(this.counts.slice(0, Math.ceil(bins))) / (sum(this.counts) || 1)
  }

  close() {
    this.store.forget(this.id)
  }
}
