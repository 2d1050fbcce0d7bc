// Samples as pictures: a click opens one, its checkbox selects it, with Shift all from the last on.

const grids = new WeakMap() // parentElement → what stands in it: Streamlit calls on every change

export default function ({ data, parentElement, setTriggerValue }) {
  let grid = grids.get(parentElement)
  if (!grid) {
    grid = createGrid()
    parentElement.append(grid.root)
    grids.set(parentElement, grid)
  }
  grid.send = setTriggerValue
  grid.root.style.setProperty("--opacity", data.opacity)
  // Kept where nothing changed, so that the focus stays where it is.
  if (grid.content !== data.content) {
    grid.root.setAttribute("aria-label", data.label)
    grid.root.replaceChildren(...data.tiles.map(createTile))
    grid.content = data.content
    grid.last = null
  }
  // What was selected since the script began to run counts more than what it knew.
  if (data.turn >= grid.turn) {
    grid.turn = data.turn
    grid.selected = new Set(data.selected)
  }
  mark(grid)
  return () => {
    grids.delete(parentElement)
    grid.root.remove()
  }
}

function createGrid() {
  const root = document.createElement("div")
  root.className = "grid"
  root.dataset.testid = "sample-grid"
  root.setAttribute("role", "group")
  const grid = { root, turn: 0, selected: new Set(), last: null }
  root.addEventListener("click", (event) => {
    const tile = event.target.closest(".tile")
    if (!tile) return
    if (event.target.closest("button")) grid.send("open", tile.dataset.id)
    else if (event.target.matches("input")) select(grid, tile, event)
  })
  return grid
}

function select(grid, tile, event) {
  const tiles = [...grid.root.children]
  const last = tiles.findIndex(({ dataset }) => dataset.id === grid.last)
  const here = tiles.indexOf(tile)
  const range = event.shiftKey && last >= 0 ? [Math.min(last, here), Math.max(last, here)] : [here, here]
  for (const { dataset } of tiles.slice(range[0], range[1] + 1)) {
    if (event.target.checked) grid.selected.add(dataset.id)
    else grid.selected.delete(dataset.id)
  }
  grid.last = tile.dataset.id
  grid.turn += 1
  mark(grid) // at once; the script follows
  grid.send("select", { turn: grid.turn, ids: [...grid.selected] })
}

function mark({ root, selected }) {
  root.classList.toggle("selecting", selected.size > 0)
  for (const tile of root.children) {
    const chosen = selected.has(tile.dataset.id)
    tile.classList.toggle("selected", chosen)
    tile.querySelector("input").checked = chosen
  }
}

function createTile({ id, src, mask, out, tags, notes, problems }) {
  const tile = element("div", "tile")
  tile.dataset.id = id
  tile.classList.toggle("out", out)
  const button = element("button", "open")
  button.type = "button"
  button.setAttribute("aria-label", [`Open ${id}`, ...(out ? ["left out by the recipe"] : [])].join(", "))
  if (src) button.append(picture(src, "image"), ...(mask ? [picture(mask, "mask")] : []))
  else button.append(element("span", "missing", "No picture"))
  if (out) button.append(element("span", "badge", "Left out"))
  const pick = element("label", "pick")
  const box = document.createElement("input")
  box.type = "checkbox"
  box.setAttribute("aria-label", `Select ${id}`)
  pick.append(box)
  tile.append(button, pick, element("div", "name", id))
  tile.append(element("div", "notes", notes.join(" · ")))
  if (tags.length) {
    const list = element("div", "tags")
    list.append(...tags.map((tag) => element("span", "tag", tag)))
    tile.append(list)
  }
  tile.append(...problems.map((problem) => element("div", "problem", problem)))
  return tile
}

function picture(src, name) {
  const image = element("img", name)
  image.src = src
  image.alt = ""
  return image
}

function element(tag, name, text = "") {
  const made = document.createElement(tag)
  made.className = name
  made.textContent = text
  return made
}
