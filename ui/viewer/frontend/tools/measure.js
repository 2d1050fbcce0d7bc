// Lengths and areas in words: on the ground where that is known, else in pixels. Pure.
//
// `ground`: as ../../ground.py has it, or null.

import { area, distance, lonLat } from "./geodesy.js"

const UNKNOWN = "no length between places that lie opposite each other"

// Of a line through points of the image.
export function lengthWords(points, ground) {
  const surface = ground?.surface
  if (!surface) return pixels(sum(points, (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1])), "px")
  const places = points.map((point) => lonLat(surface, point))
  const legs = places.slice(1).map((to, i) => distance(places[i], to))
  return legs.includes(null) ? UNKNOWN : lengthText(legs.reduce((all, leg) => all + leg, 0))
}

export function areaWords(points, ground) {
  const surface = ground?.surface
  return surface ? areaText(area(surface, points)) : pixels(flatArea(points), "px²")
}

export const lengthText = (metres) =>
  metres < 1 ? `${digits(metres * 100)} cm` :
    metres < 1000 ? `${digits(metres)} m` : `${digits(metres / 1000)} km`

export const areaText = (squareMetres) =>
  squareMetres < 1e4 ? `${digits(squareMetres)} m²` :
    squareMetres < 1e8 ? `${digits(squareMetres / 1e4)} ha` : `${digits(squareMetres / 1e6)} km²`

const pixels = (value, unit) => `${digits(value)} ${unit}`

const digits = (value) =>
  value.toLocaleString("en", { maximumFractionDigits: value < 10 ? 3 : value < 100 ? 2 : 1 })

const sum = (points, of) =>
  points.slice(1).reduce((total, point, i) => total + of(points[i], point), 0)

export function flatArea(points) {
  const cross = ([x0, y0], [x1, y1]) => x0 * y1 - x1 * y0
  return Math.abs(points.reduce((total, point, i) =>
    total + cross(point, points[(i + 1) % points.length]), 0)) / 2
}
