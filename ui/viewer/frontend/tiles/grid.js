// The geometry of a pyramid of tiles, as core/imagery/pyramid/levels.py has it. Pure.
//
// A pyramid is {size, side, levels}: width and height of the image, pixels along a tile's side, and
// how many levels there are; a pixel of level k stands for 2^k × 2^k of the image. A tile is {level,
// row, column}. A place is that of the whole image on a pane, see view.js; a region is [left, top,
// right, bottom].

import { clamp } from "../view.js"

export const levelSize = ({ size }, level) => size.map((length) => Math.ceil(length / 2 ** level))

// The level that is drawn at so many device pixels per image pixel. Labels take one of at least a
// device pixel a pixel, so that none is left out; pictures, which are averaged, one of at most that.
export function levelFor({ levels }, scale, isSmooth) {
  const exact = -Math.log2(scale)
  const level = isSmooth ? Math.floor(exact + 1e-9) : Math.ceil(exact - 1e-9)
  return clamp(level, 0, levels - 1)
}

// The pixels of a level of which something is in a region of the pane, and `margin` more around them.
export function shownRegion(pyramid, level, place, [left, top, right, bottom], margin) {
  const along = (axis, from, to, start, length) => {
    const step = (pyramid.size[axis] / length) / 2 ** level // pixels of the level per device pixel
    const low = Math.floor((Math.max(from, start) - start) * step + 1e-6) - margin
    const high = Math.ceil((Math.min(to, start + length) - start) * step - 1e-6) + margin
    return [low, high]
  }
  const [x0, x1] = along(0, left, right, place.left, place.width)
  const [y0, y1] = along(1, top, bottom, place.top, place.height)
  return [x0, y0, x1, y1]
}

// Where the corner of a pixel of a level lies on the pane, in device pixels, and how large it is.
export function onPane({ size }, level, place, [x, y]) {
  const step = 2 ** level
  const [width, height] = [(step * place.width) / size[0], (step * place.height) / size[1]]
  return { left: place.left + x * width, top: place.top + y * height, width, height }
}

// The tiles of a level that have something of a region of its pixels, row by row.
export function tilesIn(pyramid, level, [x0, y0, x1, y1]) {
  const { side } = pyramid
  const [width, height] = levelSize(pyramid, level)
  const tiles = []
  for (let row = Math.max(0, Math.floor(y0 / side)); row * side < Math.min(y1, height); row++) {
    for (let column = Math.max(0, Math.floor(x0 / side)); column * side < Math.min(x1, width); column++) {
      tiles.push({ level, row, column })
    }
  }
  return tiles
}

// The pixels of its level that a tile has.
export function regionOf(pyramid, { level, row, column }) {
  const { side } = pyramid
  const [width, height] = levelSize(pyramid, level)
  const [left, top] = [column * side, row * side]
  return [left, top, Math.min(width, left + side), Math.min(height, top + side)]
}

// The tile so many levels up that shows the same, made smaller.
export const above = ({ level, row, column }, up) =>
  ({ level: level + up, row: row >> up, column: column >> up })

// The tile of the image itself with a pixel, and where in it the pixel is.
export function tileOf({ side }, { x, y }) {
  const tile = { level: 0, row: Math.floor(y / side), column: Math.floor(x / side) }
  return { tile, x: x % side, y: y % side }
}
