// What of a scene a chosen key stands for: of a layer that is switched off, the image alone.

export const partOf = ({ layers }, key) =>
  layers.find(({ visible, layer }) => visible && layer.key === key)

export const shownKey = (scene, key) => partOf(scene, key)?.layer.key ?? scene.image.layer.key
