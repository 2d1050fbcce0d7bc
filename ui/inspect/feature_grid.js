// Channels of a layer as buttons: a click tells the script which one to show.

const grids = new WeakMap() // parentElement → what stands in it: Streamlit calls on every change

export default function ({ data, parentElement, setTriggerValue }) {
  let grid = grids.get(parentElement)
  if (!grid) {
    grid = { root: document.createElement("div") }
    grid.root.className = "grid"
    grid.root.dataset.testid = "map-grid"
    grid.root.setAttribute("role", "group")
    grid.root.addEventListener("click", (event) => {
      const tile = event.target.closest("button")
      if (!tile) return
      press(grid.root, tile.dataset.channel) // at once; the script follows
      grid.send(Number(tile.dataset.channel))
    })
    parentElement.append(grid.root)
    grids.set(parentElement, grid)
  }
  grid.send = (channel) => setTriggerValue("pick", channel)
  // Kept where nothing changed, so that the focus stays on the tile that was clicked.
  if (grid.content !== data.content) {
    grid.root.setAttribute("aria-label", data.label)
    grid.root.replaceChildren(...data.tiles.map(createTile))
    grid.content = data.content
  }
  press(grid.root, String(data.selected))
  return () => {
    grids.delete(parentElement)
    grid.root.remove()
  }
}

function createTile({ channel, strength, src }) {
  const button = document.createElement("button")
  button.type = "button"
  button.dataset.channel = channel
  button.dataset.testid = `map-${channel}`
  button.title = `Channel ${channel}: standard deviation ${strength}`
  const image = document.createElement("img")
  image.src = src
  image.alt = ""
  const caption = document.createElement("span")
  const number = document.createElement("b")
  number.append(createWord("Channel "), channel)
  const deviation = document.createElement("i")
  deviation.append(createWord(", standard deviation "), strength)
  caption.append(number, deviation)
  button.append(image, caption)
  return button
}

function createWord(text) {
  const word = document.createElement("small")
  word.className = "word"
  word.textContent = text
  return word
}

function press(root, channel) {
  for (const button of root.children) {
    button.setAttribute("aria-pressed", String(button.dataset.channel === channel))
  }
}
