// The menus above a pane by which a mode lets a layer be chosen.

import { el } from "../dom.js"
import { IMAGE } from "../state.js"

export class Picks {
  // `choose(name, key)`: see `picks` in modes/table.js.
  constructor(mode, choose) {
    this.menus = mode.picks.map(({ name, label, image }) => ({
      name,
      image,
      element: el("select", { class: "pick", "data-testid": `viewer-${mode.name}-${name}`,
        "aria-label": label, onchange: (event) => choose(name, event.target.value) }),
    }))
    this.offered = null
  }

  // Above a pane, where they are not there yet: an open menu would close.
  place(caption) {
    const elements = this.menus.map(({ element }) => element)
    if (elements[0].parentElement !== caption) caption.replaceChildren(...elements)
  }

  // Filled only when the layers are others, for the same reason.
  show(image, layers, own) {
    const offered = JSON.stringify(layers.map(({ key, title }) => [key, title]))
    if (offered !== this.offered) {
      this.offered = offered
      const option = (key, title) => el("option", { value: key }, title)
      for (const menu of this.menus) {
        const options = layers.map(({ key, title }) => option(key, title))
        if (menu.image) options.unshift(option(IMAGE, image.title))
        menu.element.replaceChildren(...options)
      }
    }
    for (const { name, element } of this.menus) element.value = own[name]
  }
}
