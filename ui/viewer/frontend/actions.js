// Everything that can be done with a button or a key, once: the tool bar, the keyboard and the
// help are made from this table.
//
//   id, title     the button's test id and label
//   run(viewer, event)   what it does; `release(viewer)` undoes what lasts while a key is held
//   keys          values of KeyboardEvent.key, letters in lower case
//   sign          the keys as the short help writes them; `hint` is a sentence of it instead
//   spoken        the keys and what they do, for a screen reader
//   group, face   the group of the tool bar and what stands on the button (text, or a node maker)
//   isOn(viewer), isEnabled(viewer)   whether a button is pressed; whether it is possible just now
//   isShown(viewer)   whether there is such a thing at all in this mode

import { cornersIcon, icon } from "./dom.js"
import { MODES } from "./modes/table.js"
import { TOOLS } from "./tools/table.js"

const ZOOM_STEP = 1.5
const LINK = "M5.5 8.5a3 3 0 0 0 4.3 0l2.3-2.4a3 3 0 0 0-4.2-4.2L6.7 3M8.5 5.5a3 3 0 0 0-4.3 0L1.9 7.9a3 3 0 0 0 4.2 4.2L7.3 11"
const ARROWS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }

const chooseMode = (mode) => ({
  id: `mode-${mode.name}`,
  title: mode.title,
  keys: mode.letter ? [mode.letter] : [],
  group: "How to compare",
  face: mode.title,
  // Where there is one label layer, as on Inspect, two are not compared: the bar has one row there.
  isShown: (viewer) => !mode.needsLabels || viewer.isPossible(mode),
  isOn: (viewer) => viewer.mode === mode,
  isEnabled: (viewer) => viewer.isPossible(mode),
  run: (viewer) => viewer.choose(mode),
})

const countPanes = (count) => ({
  id: `panes-${count}`,
  title: `${count} panes`,
  group: "In this mode",
  face: `${count}`,
  isShown: (viewer) => Boolean(viewer.mode.counts?.includes(count)),
  isOn: (viewer) => viewer.paneCount === count,
  run: (viewer) => viewer.setPaneCount(count),
})

const chooseTool = (tool) => ({
  id: `tool-${tool.name}`,
  title: tool.title,
  keys: [tool.letter],
  spoken: `${tool.letter.toUpperCase()} ${tool.spoken}`,
  group: "Tools",
  face: tool.face,
  isShown: (viewer) => tool.isShown?.(viewer.data ?? {}) ?? true,
  isOn: (viewer) => viewer.tool === tool,
  run: (viewer) => viewer.chooseTool(tool.name),
})

const isDrawing = (viewer) => Boolean(viewer.tool)

const counts = [...new Set(MODES.flatMap((mode) => mode.counts ?? []))]

export const ACTIONS = [
  ...MODES.map(chooseMode),
  ...counts.map(countPanes),
  {
    id: "pause",
    title: "Pause",
    keys: [" "],
    sign: "space",
    spoken: "Space pauses",
    group: "In this mode",
    face: "Pause",
    isShown: (viewer) => Boolean(viewer.mode.timer),
    isOn: (viewer) => viewer.isPaused,
    run: (viewer) => viewer.pause(),
  },
  {
    id: "move-point",
    title: "Move the point; with Shift by ten pixels",
    keys: Object.keys(ARROWS),
    spoken: "Arrow keys move the point",
    isEnabled: isDrawing,
    run(viewer, event) {
      const step = event.shiftKey ? -10 : -1
      viewer.moveAim(...ARROWS[event.key].map((way) => way * step))
    },
  },
  {
    id: "set-point",
    title: "Set the point",
    keys: ["Enter"],
    spoken: "Enter sets the point",
    isEnabled: isDrawing,
    run: (viewer) => viewer.setPoint(),
  },
  {
    id: "drop-point",
    title: "Take the last point back",
    keys: ["Backspace", "Delete"],
    spoken: "Backspace takes the last point back",
    isEnabled: isDrawing,
    run: (viewer) => viewer.dropPoint(),
  },
  {
    id: "end-tool",
    title: "End the drawing, then put the tool away",
    keys: ["Escape"],
    spoken: "Escape ends",
    isEnabled: isDrawing,
    run: (viewer) => viewer.endTool(),
  },
  ...TOOLS.map(chooseTool),
  {
    id: "pan",
    title: "Pan",
    keys: Object.keys(ARROWS),
    sign: "arrows",
    spoken: "Arrow keys pan",
    isEnabled: (viewer) => !isDrawing(viewer),
    run(viewer, event) {
      const step = event.shiftKey ? 200 : 50
      viewer.pan(...ARROWS[event.key].map((way) => way * step))
      viewer.pointAtCenter()
    },
  },
  {
    id: "zoom-out",
    title: "Zoom out",
    keys: ["-"],
    group: "Zoom",
    face: "−",
    run: (viewer) => viewer.zoomBy(1 / ZOOM_STEP),
  },
  {
    id: "zoom-in",
    title: "Zoom in",
    keys: ["+", "="], // "=" is "+" without Shift on most keyboards
    sign: "+ −",
    spoken: "plus and minus zoom",
    group: "Zoom",
    face: "+",
    run: (viewer) => viewer.zoomBy(ZOOM_STEP),
  },
  {
    id: "zoom-fit",
    title: "Fit the image",
    keys: ["0"],
    sign: "0",
    spoken: "0 fits",
    group: "Zoom",
    face: "Fit",
    run: (viewer) => viewer.fit(),
  },
  {
    id: "zoom-one",
    title: "One screen pixel per image pixel",
    keys: ["1"],
    sign: "1",
    spoken: "1 shows one to one",
    group: "Zoom",
    face: "1:1",
    run: (viewer) => viewer.zoomTo(1),
  },
  {
    id: "fullscreen",
    title: "Full screen",
    keys: ["f"],
    group: "Zoom",
    face: cornersIcon,
    run: (viewer) => viewer.toggleFullscreen(),
  },
  {
    id: "help",
    title: "Keys and gestures",
    keys: ["?"],
    sign: "?",
    spoken: "question mark lists all keys",
    group: "Zoom",
    face: "?",
    run: (viewer) => viewer.showHelp(),
  },
  {
    id: "link",
    title: "Copy the address of this place",
    keys: ["l"],
    group: "Zoom",
    face: () => icon(LINK),
    isShown: (viewer) => Boolean(viewer.data?.linked),
    run: (viewer) => viewer.copyLink(),
  },
  {
    id: "peek",
    title: "Hide the layers while held",
    keys: ["h"],
    hint: "hold H to hide layers",
    spoken: "H hides the layers while held",
    isEnabled: (viewer) => viewer.hasLayers,
    run: (viewer) => viewer.peek(true),
    release: (viewer) => viewer.peek(false),
  },
  {
    id: "select",
    title: "Pick the pixel",
    keys: ["Enter"],
    spoken: "Enter picks the pixel",
    isEnabled: (viewer) => viewer.isClickable && !isDrawing(viewer),
    run: (viewer) => viewer.selectPointed(),
  },
  {
    id: "leave",
    title: "Give the wheel back to the page",
    keys: ["Escape"],
    isEnabled: (viewer) => !isDrawing(viewer),
    run: (viewer, event) => event.currentTarget.blur(),
  },
]

export const isShown = (action, viewer) => action.isShown?.(viewer) ?? true

export const isEnabled = (action, viewer) =>
  isShown(action, viewer) && (action.isEnabled?.(viewer) ?? true)
