// The mathematics of looking at a picture: pan, zoom, and what lies where. Pure.
//
// A view is {fit, zoom, cx, cy}: the image pixel in the middle and CSS pixels per image pixel;
// while `fit` is set the zoom follows the pane. Sizes and extents are [width, height], a size in
// image pixels and an extent in CSS pixels. Points on a pane count from its top left corner.

export const MAX_ZOOM = 64

export const clamp = (value, low, high) => Math.min(high, Math.max(low, value))

export const fittedView = () => ({ fit: true, zoom: 1, cx: 0, cy: 0 })

export function toImage(view, extent, [left, top]) {
  return [
    view.cx + (left - extent[0] / 2) / view.zoom,
    view.cy + (top - extent[1] / 2) / view.zoom,
  ]
}

export function toScreen(view, extent, [x, y]) {
  return [
    (x - view.cx) * view.zoom + extent[0] / 2,
    (y - view.cy) * view.zoom + extent[1] / 2,
  ]
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

// The pixel under a point, or null beside the picture.
export function pixelAt(view, size, extent, point) {
  const [x, y] = toImage(view, extent, point)
  const inside = x >= 0 && y >= 0 && x < size[0] && y < size[1]
  return inside ? { x: Math.floor(x), y: Math.floor(y) } : null
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
