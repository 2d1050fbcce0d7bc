// What the keys do, in words: made from the table of actions. Pure.

import { ACTIONS, isEnabled } from "../actions.js"

const possible = (viewer) => ACTIONS.filter((action) => isEnabled(action, viewer))

// For a screen reader: all keys.
export function spokenHelp(viewer) {
  const phrases = possible(viewer).map(({ spoken }) => spoken)
  return `${phrases.filter(Boolean).join(", ")}.`
}

const NAMES = { " ": "Space", Escape: "Esc", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑",
  ArrowDown: "↓" }
const nameOf = (key) => NAMES[key] ?? (key.length === 1 ? key.toUpperCase() : key)

// For the sheet: [keys, what they do] of all that is possible.
export function helpRows(viewer) {
  const withKeys = possible(viewer).filter(({ keys }) => keys?.length)
  return withKeys.map(({ keys, title }) =>
    [keys.filter((key) => key !== "=").map(nameOf).join(" "), title])
}

// For the line below the picture: first the keys that have a button too.
export function shortHelp(viewer, isTouch) {
  if (isTouch) return "Pinch or double-tap to zoom"
  const actions = possible(viewer).sort((a, b) => Boolean(b.group) - Boolean(a.group))
  const signs = actions.map(({ sign }) => sign).filter(Boolean)
  const hints = actions.map(({ hint }) => hint).filter(Boolean)
  return [`Click, then scroll to zoom. Keys: ${signs.join(" ")}`, ...hints].join("; ")
}
