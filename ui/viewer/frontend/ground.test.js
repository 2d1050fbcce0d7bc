import assert from "node:assert/strict"
import test from "node:test"
import { mapPosition, mapText, scaleBar } from "./ground.js"

const UTM = { grid: [0.5, 0, 590000, 0, -0.5, 5750000], crs: "EPSG:32631", degrees: false }
const DEGREES = { grid: [1e-5, 0, 4.5, 0, -1e-5, 52], crs: "EPSG:4326", degrees: true }

test("the coordinates are those of the middle of the pixel", () => {
  assert.deepEqual(mapPosition(UTM, { x: 0, y: 0 }), [590000.25, 5749999.75])
  assert.equal(mapText(UTM, { x: 10, y: 20 }), "E 590005.25 N 5749989.75 (EPSG:32631)")
  assert.equal(mapText(DEGREES, { x: 0, y: 0 }), "51.999995° N 4.500005° E (EPSG:4326)")
  assert.equal(mapText({ ...UTM, crs: "" }, { x: 0, y: 0 }), "E 590000.25 N 5749999.75")
})

test("a turned grid turns the coordinates", () => {
  const turned = { ...UTM, grid: [0, 2, 100, 2, 0, 200] }
  assert.deepEqual(mapPosition(turned, { x: 1, y: 3 }), [107, 203])
})

test("the scale bar is a round length that fits", () => {
  const cases = [
    [0.5, 1, "50 m", 100], [0.5, 4, "10 m", 80], [30, 0.25, "10 km", 250 / 3],
    [0.1, 30, "20 cm", 60], [0.9996, 1, "100 m", 100 / 0.9996], [10, 1, "1 km", 100],
  ]
  for (const [metres, zoom, text, width] of cases) {
    const bar = scaleBar([metres, metres], zoom)
    assert.equal(bar.text, text)
    assert.ok(Math.abs(bar.width - width) < 1e-9)
    assert.ok(bar.width <= 120 && bar.width > 40)
  }
})
