import assert from "node:assert/strict"
import test from "node:test"
import { above, levelFor, levelSize, onPane, regionOf, shownRegion, tileOf, tilesIn } from "./grid.js"

const PYRAMID = { size: [1300, 700], side: 256, levels: 4 }

test("levels are halved and round up", () => {
  assert.deepEqual([0, 1, 2, 3].map((level) => levelSize(PYRAMID, level)),
    [[1300, 700], [650, 350], [325, 175], [163, 88]])
})

test("of labels no pixel is left out, of pictures none is enlarged that need not be", () => {
  for (const [scale, labels, pictures] of [[64, 0, 0], [1, 0, 0], [0.99, 1, 0], [0.5, 1, 1],
    [0.49, 2, 1], [0.25, 2, 2], [0.126, 3, 2], [0.001, 3, 3]]) {
    assert.equal(levelFor(PYRAMID, scale, false), labels, `labels at ${scale}`)
    assert.equal(levelFor(PYRAMID, scale, true), pictures, `pictures at ${scale}`)
  }
})

test("what a pane shows of a level, and a margin", () => {
  const place = { left: -100, top: 50, width: 2600, height: 1400 } // two device pixels a pixel
  assert.deepEqual(shownRegion(PYRAMID, 0, place, [0, 0, 800, 600], 0), [50, 0, 450, 275])
  assert.deepEqual(shownRegion(PYRAMID, 1, place, [0, 0, 800, 600], 1), [24, -1, 226, 139])
  // The picture ends before the pane does.
  assert.deepEqual(shownRegion(PYRAMID, 0, { left: 10, top: 20, width: 130, height: 70 },
    [0, 0, 800, 600], 0), [0, 0, 1300, 700])
})

test("a pixel of a level lies where those of the image lie that it stands for", () => {
  const place = { left: 7, top: -3, width: 1300, height: 700 }
  assert.deepEqual(onPane(PYRAMID, 0, place, [5, 9]), { left: 12, top: 6, width: 1, height: 1 })
  assert.deepEqual(onPane(PYRAMID, 3, place, [162, 87]),
    { left: 7 + 1296, top: -3 + 696, width: 8, height: 8 })
})

test("tiles of a region, those at the edge smaller", () => {
  const names = tilesIn(PYRAMID, 0, [250, -5, 520, 260]).map(({ row, column }) => `${row}/${column}`)
  assert.deepEqual(names, ["0/0", "0/1", "0/2", "1/0", "1/1", "1/2"])
  assert.equal(tilesIn(PYRAMID, 0, [-9, -9, 9999, 9999]).length, 6 * 3)
  assert.deepEqual(tilesIn(PYRAMID, 0, [2000, 0, 2100, 10]), [])
  assert.deepEqual(tilesIn(PYRAMID, 0, [0, -20, 10, -10]), [])
  assert.deepEqual(regionOf(PYRAMID, { level: 0, row: 2, column: 5 }), [1280, 512, 1300, 700])
})

test("every pixel lies in the one tile that says so", () => {
  for (const [x, y] of [[0, 0], [255, 256], [1299, 699]]) {
    const { tile, ...at } = tileOf(PYRAMID, { x, y })
    const [left, top, right, bottom] = regionOf(PYRAMID, tile)
    assert.ok(x >= left && x < right && y >= top && y < bottom)
    assert.deepEqual([left + at.x, top + at.y], [x, y])
  }
})

test("a tile above shows the same", () => {
  assert.deepEqual(above({ level: 0, row: 2, column: 5 }, 2), { level: 2, row: 0, column: 1 })
})
