import assert from "node:assert/strict"
import test from "node:test"
import {
  bestColumns, centerPixel, fittedView, fitZoom, MAX_ZOOM, pan, pixelAt, place, settle, toImage,
  toScreen, wholePixels, zoomAt,
} from "./view.js"

const SIZE = [400, 300]
const EXTENT = [800, 500]

const near = (actual, expected) =>
  actual.forEach((value, i) => assert.ok(Math.abs(value - expected[i]) < 1e-9, `${actual}`))

test("a fitted picture fills the pane along one axis and is centred", () => {
  assert.equal(fitZoom(SIZE, EXTENT), 500 / 300)
  const view = settle(fittedView(), SIZE, EXTENT)
  assert.deepEqual(view, { fit: true, zoom: 500 / 300, cx: 200, cy: 150 })
  assert.deepEqual(place(view, SIZE, EXTENT, 1), { left: 67, top: 0, width: 667, height: 500 })
})

test("a tiny picture is not magnified without end", () => {
  assert.equal(fitZoom([2, 2], EXTENT), MAX_ZOOM)
  assert.equal(settle({ fit: false, zoom: 1e6, cx: 200, cy: 150 }, SIZE, EXTENT).zoom, MAX_ZOOM)
})

test("zooming out ends at the whole picture, or at 1 where that is smaller", () => {
  const large = settle({ fit: false, zoom: 0.001, cx: 0, cy: 0 }, [4000, 3000], EXTENT)
  assert.equal(large.zoom, 500 / 3000)
  assert.equal(large.fit, true)
  const small = settle({ fit: false, zoom: 0.001, cx: 0, cy: 0 }, SIZE, EXTENT)
  assert.deepEqual([small.zoom, small.fit], [1, false])
})

test("a picture lies on whole device pixels, and a point of it where it is drawn", () => {
  const view = { fit: false, zoom: 3.7, cx: 123.4, cy: 56.7 }
  for (const ratio of [1, 1.25, 2]) {
    const at = place(view, SIZE, EXTENT, ratio)
    for (const value of Object.values(at)) assert.ok(Number.isInteger(value))
    near(toScreen(at, SIZE, ratio, [0, 0]), [at.left / ratio, at.top / ratio])
    near(toScreen(at, SIZE, ratio, SIZE), [(at.left + at.width) / ratio, (at.top + at.height) / ratio])
    // Nowhere more than a device pixel beside where it is without rounding.
    const [x, y] = toScreen(at, SIZE, ratio, toImage(view, EXTENT, [17, 450]))
    assert.ok(Math.abs(x - 17) * ratio <= 1 && Math.abs(y - 450) * ratio <= 1)
  }
  near(toImage(view, EXTENT, [400, 250]), [123.4, 56.7])
  assert.deepEqual(place({ ...view, zoom: 1e-9 }, SIZE, EXTENT, 1).width, 1)
})

test("columns are whole device pixels wide", () => {
  assert.equal(wholePixels(350.5, 1), 350)
  assert.equal(wholePixels(350.5, 2), 350.5)
  assert.equal(wholePixels(280.8, 1.25), 280.8)
})

test("panning follows the pointer and stops at the edge", () => {
  const view = settle({ fit: false, zoom: 4, cx: 200, cy: 150 }, SIZE, EXTENT)
  const moved = pan(view, [40, -20], SIZE, EXTENT)
  near([moved.cx, moved.cy], [190, 155])
  const edge = pan(view, [1e6, 1e6], SIZE, EXTENT)
  assert.deepEqual([place(edge, SIZE, EXTENT, 1).left, place(edge, SIZE, EXTENT, 1).top], [0, 0])
  near([pan(edge, [-4, 0], SIZE, EXTENT).cx], [edge.cx + 1]) // nothing to be dragged back first
})

test("what lies under the pointer stays there while zooming", () => {
  const view = settle({ fit: false, zoom: 4, cx: 200, cy: 150 }, SIZE, EXTENT)
  const point = [600, 300]
  const zoomed = zoomAt(view, 1.7, point, SIZE, EXTENT)
  assert.ok(Math.abs(zoomed.zoom - 6.8) < 1e-9)
  near(toImage(zoomed, EXTENT, point), toImage(view, EXTENT, point))
  assert.equal(zoomAt(view, 1000, point, SIZE, EXTENT).zoom, MAX_ZOOM)
})

test("the functions leave the view they are given as it is", () => {
  const view = Object.freeze({ fit: false, zoom: 4, cx: 200, cy: 150 })
  settle(view, SIZE, EXTENT)
  pan(view, [3, 3], SIZE, EXTENT)
  zoomAt(view, 2, [1, 1], SIZE, EXTENT)
})

test("a device pixel shows the image pixel under its centre, or none beside the picture", () => {
  const at = { left: 10, top: 0, width: 600, height: 450 } // one and a half a pixel
  assert.deepEqual(pixelAt(at, SIZE, [10, 0]), { x: 0, y: 0 })
  assert.deepEqual(pixelAt(at, SIZE, [12, 2]), { x: 1, y: 1 })
  assert.equal(pixelAt(at, SIZE, [9, 0]), null)
  assert.deepEqual(pixelAt(at, SIZE, [609, 449]), { x: 399, y: 299 })
  assert.equal(pixelAt(at, SIZE, [610, 449]), null)
  assert.deepEqual(centerPixel({ cx: 200, cy: 150 }), { x: 200, y: 150 })
})

test("panes are laid out such that the pictures come out largest", () => {
  const columns = (count, size, extent) => bestColumns(count, size, extent, { gap: 8, caption: 28 })
  assert.equal(columns(1, SIZE, EXTENT), 1)
  assert.equal(columns(4, SIZE, [800, 560]), 2)
  assert.equal(columns(3, SIZE, [1240, 400]), 3)
  assert.equal(columns(2, [900, 200], [1240, 560]), 1) // wide pictures stand one above the other
})
