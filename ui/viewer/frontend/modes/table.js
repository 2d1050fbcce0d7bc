// The ways to compare, in the order of the tool bar; the first is the default.
//
// A new mode is a file and its row here. A mode is an object:
//   name, title      in the data of the component, on the tool bar
//   letter           the key that chooses it (optional)
//   needsLayers      whether it has anything to show without layers
//   needsLabels      how many label layers it needs (optional)
//   captions         whether its panes have one above them
//   crosshair        whether the pointer on one pane is shown on all
//   settings()       settings of its own at first (optional); `own` below are those of one viewer
//   adopt(own, {keys, visible, labels})   reconciles them with the layers there are: the keys of
//                    all, of those that are shown, and of those of labels (optional)
//   onShow(own, key)            a layer was switched on while the mode is in use (optional)
//   onPick(scene)               something is about to be chosen in one of its menus (optional)
//   panes(scene)     [{key, title, shows, stack, picks, reads, now}]: the stack is drawn from the bottom up; the names
//                    of menus stand above the pane in place of its title (optional). A scene is
//                    {image, layers, own} where image and layers are parts {layer, visible,
//                    opacity}; a part of a stack may be cut to {from, to}, fractions of the width.
//                    The readout names the layers of `reads`, else those of the stack. `shows` is
//                    the key of the layer that it shows, `now` the menu of what is seen just now.
//   picks            [{name, label, image, labelsOnly, showsLayer}], menus that choose a layer into
//                    own[name] (optional); `image` where the image itself may be chosen,
//                    `labelsOnly` where only labels may; what is chosen is switched on unless
//                    `showsLayer` is false
//   shown(scene, name)   what is seen there, which the menu names (with picks)
//   counts, count(scene), setCount(scene, count)   how many panes there may be, are, and are to be;
//                    the last returns the keys of layers to be switched on (optional)
//   timer            {ms, isOn(own), turn(own), pause(own)}: what happens again and again (optional)
//   divider          {label, at(own), move(own, part)}: a handle over the first pane (optional)

import { blink } from "./blink.js"
import { difference } from "./difference.js"
import { overlay } from "./overlay.js"
import { side } from "./side.js"
import { swipe } from "./swipe.js"

export const MODES = [overlay, swipe, side, blink, difference]

export const modeNamed = (name) => MODES.find((mode) => mode.name === name)
