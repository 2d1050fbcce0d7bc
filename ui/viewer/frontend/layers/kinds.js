// The kinds of layers, by the name that the script gives them.
//
// A new kind is a file and its row here. It is a class:
//   static decode(bitmap)   what is kept of a decoded picture: {width, height, close(), …}; shared
//                           by all layers that show that picture
//   constructor(given, picture)   key and title of the layer, and its picture
//   usesClasses             whether its values are classes, so that the legend belongs to it
//   draw(surface, legend)   the whole picture into surface {context, left, top, width, height, clip},
//                           a rectangle of whole device pixels; all but [left, top, right, bottom]
//                           of `clip` is not seen
//   isSmooth                whether it is averaged where it is shown smaller (optional)
//   valueAt(x, y, size)     the value at a pixel of the image of that size; null where it has none
//                           to tell, undefined while the tile that has it is on its way
//   describe(value, legend, {x, y, size}) {text, color, label}: what the readout says; `label` only where values
//                           of layers can be compared, null where it disagrees with nothing
//   adjusts                 of a layer of values: whether the panel sets how it is coloured, which the
//                           legend then has in `looks` (optional)
//   low, high, colors, text(value), threshold   of a layer of values: its range, the name of its
//                           colour map, a value in words, and what is moved in the panel (optional)
// Decoded pictures have `bytes`, those of memory that they take; instead of one there may be a
// `TiledPicture` (tiles/tiled_picture.js).
// A legend is {classes, off, table, unsure, looks}: the class rows, which of them are off, their colours as
// `colorTable` packs them, and by the key of a label layer where it is unsure.

import { LabelLayer } from "./labels.js"
import { PictureLayer } from "./picture.js"
import { DeepValueLayer, ValueLayer } from "./values.js"

export const KINDS = {
  image: PictureLayer,
  rgba: PictureLayer,
  labels: LabelLayer,
  values: ValueLayer,
  values16: DeepValueLayer,
}
