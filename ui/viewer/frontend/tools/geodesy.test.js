import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { test } from "node:test"

import { area, distance, lonLat } from "./geodesy.js"

// Of pyproj, for images in nine reference systems; tests/ui/viewer/test_ground.py says that the
// series of the images are what Python sends.
const reference = JSON.parse(readFileSync(new URL("geodesy.reference.json", import.meta.url)))
const rad = (degrees) => (degrees * Math.PI) / 180

const near = (value, expected, relative, absolute, what) =>
  assert.ok(Math.abs(value - expected) <= relative * Math.abs(expected) + absolute,
    `${what}: ${value} instead of ${expected}`)

test("the shortest way is pyproj's", () => {
  let compared = 0
  for (const [lon1, lat1, lon2, lat2, metres] of reference.pairs) {
    const length = distance([rad(lon1), rad(lat1)], [rad(lon2), rad(lat2)])
    if (length === null) {
      assert.ok(metres > 19.8e6) // nearly opposite each other
      continue
    }
    near(length, metres, 0, 1e-3, `${[lon1, lat1, lon2, lat2]}`)
    compared++
  }
  assert.ok(compared > 190)
})

test("opposite places have no answer instead of a wrong one", () => {
  assert.equal(distance([0, 0], [rad(179.7), rad(0.3)]), null)
  assert.equal(distance([0, rad(40)], [rad(180), rad(-40)]), null)
})

test("lengths and areas in images are pyproj's", () => {
  for (const { image, points, metres, squareMetres } of reference.rings) {
    const { crs, surface } = reference.images[image]
    const places = points.map((point) => lonLat(surface, point))
    const length = places.slice(1).reduce((sum, to, i) => sum + distance(places[i], to), 0)
    near(length, metres, 1e-6, 2e-3, `length in ${crs}`)
    // pyproj's own sums over many short sides round to a tenth of a square metre a polygon.
    near(area(surface, points), squareMetres, 2e-5, 0.2, `area in ${crs}`)
  }
})

test("a polygon's area does not depend on its direction or first corner", () => {
  for (const { image, points, squareMetres } of reference.rings) {
    const { surface } = reference.images[image]
    const turned = [...points.slice(2), ...points.slice(0, 2)]
    near(area(surface, [...points].reverse()), area(surface, points), 1e-9, 1e-6, "reversed")
    near(area(surface, turned), area(surface, points), 1e-9, 1e-6 + 1e-9 * squareMetres, "turned")
  }
})

test("a square of a metre keeps its digits", () => {
  const { surface } = reference.images[0] // half a metre a pixel; 1.0002 is that zone's scale there
  const square = [[100, 100], [102, 100], [102, 102], [100, 102]]
  near(area(surface, square), 1, 1e-3, 0, "1 m²")
})
