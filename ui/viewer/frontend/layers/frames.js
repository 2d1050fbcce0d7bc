// A layer of many pictures, of which one is shown at a time. Pure.

// The layer as it is at the frame with that number, or at the last before it; null: at the newest.
export function withFrame(layer, number) {
  const { frames } = layer
  if (!frames) return layer
  const before = number === null ? frames : frames.filter((frame) => frame.number <= number)
  return { ...layer, ...(before.at(-1) ?? frames[0]) }
}
