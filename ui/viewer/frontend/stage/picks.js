// The menus above a pane by which a mode lets a layer be chosen.

import { el } from "../dom.js"

export class Picks {
  // `choose(name, key)`: see `picks` in modes/table.js.
  constructor(mode, choose) {
    this.mode = mode
    this.menus = new Map(mode.picks.map(({ name, label, image, labelsOnly }) => {
      const element = el("select", { class: "pick", "data-testid": `viewer-${mode.name}-${name}`,
        "aria-label": label, onchange: () => choose(name, element.value) })
      return [name, { element, image, labelsOnly }]
    }))
    this.offered = null
  }

  // Above a pane, where they are not there yet: an open menu would close.
  // `now`: the one of them that is seen just now, where they are shown in turn.
  place(caption, names, now) {
    for (const [name, { element }] of this.menus) element.classList.toggle("now", name === now)
    const elements = names.map((name) => this.menus.get(name).element)
    if (elements.some(({ parentElement }) => parentElement !== caption)) {
      caption.replaceChildren(...elements)
    }
  }

  // Filled only when the layers are others, for the same reason.
  show(scene) {
    const { image, layers } = scene
    const rows = layers.map(({ layer }) => [layer.key, layer.title, layer.usesClasses])
    const offered = JSON.stringify(rows)
    if (offered !== this.offered) {
      this.offered = offered
      for (const menu of this.menus.values()) {
        const those = menu.labelsOnly ? rows.filter(([, , isLabels]) => isLabels) : rows
        const all = menu.image ? [[image.layer.key, image.layer.title], ...those] : those
        menu.element.replaceChildren(
          ...all.map(([key, title]) => el("option", { value: key }, title)))
      }
    }
    for (const [name, { element }] of this.menus) element.value = this.mode.shown(scene, name)
  }
}
