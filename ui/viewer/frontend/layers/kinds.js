// The kinds of layers, by the name that the script gives them.
//
// A new kind is a file and its row here. It is a class:
//   static decode(bitmap)   what is kept of a decoded picture: {width, height, close(), …}; shared
//                           by all layers that show that picture
//   constructor(given, picture)   key and title of the layer, and its picture
//   usesClasses             whether its values are classes, so that the legend belongs to it
//   draw(surface, legend)   the whole picture into surface {context, left, top, width, height}, a
//                           rectangle of whole device pixels
//   valueAt(x, y, size)     the value at a pixel of the image of that size; null where it has none
//                           to tell
//   describe(value, legend) {text, color, label}: what the readout says; `label` only where values
//                           of layers can be compared, null where it disagrees with nothing
// A legend is {classes, table}: the class rows, and their colours as `colorTable` packs them.

import { LabelLayer } from "./labels.js"
import { PictureLayer } from "./picture.js"

export const KINDS = { image: PictureLayer, rgba: PictureLayer, labels: LabelLayer }
