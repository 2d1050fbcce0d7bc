// The mathematics of looking at a picture: pan, zoom, and what lies where. Pure.
//
// A view is {fit, zoom, cx, cy}: the image pixel in the middle and CSS pixels per image pixel;
// while `fit` is set the zoom follows the pane. Sizes and extents are [width, height], a size in
// image pixels and an extent in CSS pixels. Points on a pane count from its top left corner. A ratio
// is that of device pixels to CSS pixels.

export const MAX_ZOOM = 64

export const clamp = (value, low, high) => Math.min(high, Math.max(low, value))

export const fittedView = () => ({ fit: true, zoom: 1, cx: 0, cy: 0 })

// Where the whole picture lies on a pane, in whole device pixels: {left, top, width, height}. Drawing,
// marks and readout all go by it, so that what is named is what is seen.
export function place(view, size, extent, ratio) {
  const length = (axis) => Math.max(1, Math.round(size[axis] * view.zoom * ratio))
  // Halves would be rounded now up and now down, by what the computer makes of a fraction.
  const start = (axis, center) =>
    Math.floor((extent[axis] / 2 - center * view.zoom) * ratio + 0.5 - 1e-6)
  return { left: start(0, view.cx), top: start(1, view.cy), width: length(0), height: length(1) }
}

// The other way round, for zooming and panning: exact, not yet in whole pixels.
export function toImage(view, extent, [left, top]) {
  return [
    view.cx + (left - extent[0] / 2) / view.zoom,
    view.cy + (top - extent[1] / 2) / view.zoom,
  ]
}

// Where a point of the picture lies on the pane, in CSS pixels.
export function toScreen({ left, top, width, height }, size, ratio, [x, y]) {
  return [(left + (x * width) / size[0]) / ratio, (top + (y * height) / size[1]) / ratio]
}

export function fitZoom(size, extent) {
  return Math.min(extent[0] / size[0], extent[1] / size[1], MAX_ZOOM)
}

// Zoom and centre within bounds; a picture that fits along an axis is centred on it.
export function settle(view, size, extent) {
  const whole = fitZoom(size, extent)
  const lowest = Math.min(whole, 1)
  const fit = view.fit || (view.zoom <= lowest && whole <= 1)
  const zoom = fit ? whole : clamp(view.zoom, lowest, MAX_ZOOM)
  const center = (at, length, shown) => {
    const half = shown / zoom / 2
    return half * 2 >= length ? length / 2 : clamp(at, half, length - half)
  }
  return {
    fit,
    zoom,
    cx: center(view.cx, size[0], extent[0]),
    cy: center(view.cy, size[1], extent[1]),
  }
}

// Settled at once: a drag beyond the edge must not have to be dragged back.
export function pan(view, [dx, dy], size, extent) {
  const moved = { ...view, cx: view.cx - dx / view.zoom, cy: view.cy - dy / view.zoom }
  return settle(moved, size, extent)
}

// What lies under `point` stays there.
export function zoomAt(view, factor, point, size, extent) {
  const lowest = Math.min(fitZoom(size, extent), 1)
  const zoomed = { ...view, fit: false, zoom: clamp(view.zoom * factor, lowest, MAX_ZOOM) }
  const before = toImage(view, extent, point)
  const after = toImage(zoomed, extent, point)
  zoomed.cx += before[0] - after[0]
  zoomed.cy += before[1] - after[1]
  return settle(zoomed, size, extent)
}

// The image pixel that is drawn on a device pixel of the pane, or null beside the picture.
export function pixelAt({ left, top, width, height }, size, [column, row]) {
  // That of its centre, as `drawImage` does it.
  const x = Math.floor(((column + 0.5 - left) * size[0]) / width)
  const y = Math.floor(((row + 0.5 - top) * size[1]) / height)
  return x >= 0 && y >= 0 && x < size[0] && y < size[1] ? { x, y } : null
}

// The point of the picture in the middle of a device pixel, within the picture; pixels counted from
// its corner.
export function pointAt({ left, top, width, height }, size, [column, row]) {
  const x = ((column + 0.5 - left) * size[0]) / width
  const y = ((row + 0.5 - top) * size[1]) / height
  return [clamp(x, 0, size[0]), clamp(y, 0, size[1])]
}

// What is asked to be seen, on a pane: {x, y} in its middle, at `zoom` or with `width` × `height`
// image pixels in sight.
export function viewOf({ x, y, zoom, width, height }, extent) {
  const fitting = Math.min(extent[0] / (width || Infinity), extent[1] / (height || Infinity))
  return { fit: false, zoom: zoom ?? clamp(fitting || 1, 0, MAX_ZOOM), cx: x, cy: y }
}

// Moved so little that a point of the image is in sight.
export function inSight(view, [x, y], extent) {
  const reach = extent.map((length) => length / view.zoom / 2)
  return { ...view, cx: clamp(view.cx, x - reach[0], x + reach[0]),
    cy: clamp(view.cy, y - reach[1], y + reach[1]) }
}

export function centerPixel(view) {
  return { x: Math.floor(view.cx), y: Math.floor(view.cy) }
}

// Columns of a grid of `count` panes in which the pictures come out largest; each pane has a
// caption of that height above it.
export function bestColumns(count, size, extent, { gap, caption }) {
  const scale = (columns) => {
    const rows = Math.ceil(count / columns)
    const width = (extent[0] - gap * (columns - 1)) / columns
    const height = (extent[1] - gap * (rows - 1)) / rows - caption
    return Math.min(width / size[0], height / size[1])
  }
  let best = count
  for (let n = count - 1; n > 0; n--) if (scale(n) > scale(best) * 1.02) best = n
  return best
}

// Lengths in CSS pixels that are whole device pixels: a canvas of another length is stretched by
// the browser, which blends neighbouring pixels.
export const wholePixels = (length, ratio) => Math.floor(length * ratio + 0.01) / ratio
