// Small pieces of the page.

import { cssColor } from "./colors.js"

export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value)
    else if (value === true) element.setAttribute(name, "")
    else if (value !== false && value != null) element.setAttribute(name, value)
  }
  element.append(...children)
  return element
}

// Without a colour it stands for void.
export function swatch(color) {
  const element = el("span", { class: "swatch", "aria-hidden": "true" })
  if (color) element.style.setProperty("--swatch", cssColor(color))
  else element.classList.add("void")
  return element
}

// Drawn, because few fonts have such signs. `path`: within 14 × 14, as SVG writes it.
export function icon(path) {
  const holder = el("span", { class: "icon" })
  holder.innerHTML = `<svg viewBox="0 0 14 14" width="14" height="14" fill="none" aria-hidden="true"
    stroke="currentColor" stroke-width="1.5"><path d="${path}"/></svg>`
  return holder
}

export const cornersIcon = () => icon("M1 5V1h4M9 1h4v4M13 9v4H9M5 13H1V9")

// Native controls (checkboxes, sliders, menus) need to be told what the theme is.
export function followTheme(root) {
  const [r, g, b] = getComputedStyle(root).backgroundColor.match(/[\d.]+/g).map(Number)
  root.style.colorScheme = 0.299 * r + 0.587 * g + 0.114 * b < 128 ? "dark" : "light"
}
