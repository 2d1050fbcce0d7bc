// Whether a mode has the layers that it needs. `kinds`: whether each layer is one of labels.
export const isPossible = ({ needsLayers, needsLabels = 0 }, kinds) =>
  kinds.length >= Number(needsLayers) && kinds.filter(Boolean).length >= needsLabels
