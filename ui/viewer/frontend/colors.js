// The colours of the classes. Pure.

export const VOID = 255

export const cssColor = ([r, g, b]) => `rgb(${r}, ${g}, ${b})`

// 256 colours as the 32-bit words of canvas memory; what is void, off or unknown is transparent.
export function colorTable(classes, off) {
  const table = new Uint32Array(256)
  const bytes = new Uint8Array(table.buffer)
  classes.forEach(({ color }, index) => {
    if (index !== VOID && !off.has(index)) bytes.set([...color, 255], 4 * index)
  })
  return table
}
