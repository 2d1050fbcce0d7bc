/* Generated from ui/viewer/frontend by `npm run build`: do not edit. */

// colors.js
var VOID = 255;
var cssColor = ([r, g, b]) => `rgb(${r}, ${g}, ${b})`;
function colorTable(classes, off) {
  const table = new Uint32Array(256);
  const bytes = new Uint8Array(table.buffer);
  classes.forEach(({ color }, index) => {
    if (index !== VOID && !off.has(index)) bytes.set([...color, 255], 4 * index);
  });
  return table;
}

// modes/needs.js
var isPossible = ({ needsLayers, needsLabels = 0 }, kinds) => kinds.length >= Number(needsLayers) && kinds.filter(Boolean).length >= needsLabels;

// tools/sketch.js
var emptySketch = () => ({ points: [], isOpen: false });
function withPoint({ points, isOpen }, tool, point) {
  const all = isOpen ? [...points, point] : [point];
  const last = all.at(-2);
  if (last && isSame(last, point)) return { points, isOpen };
  return { points: all, isOpen: all.length < tool.most };
}
function withoutLast({ points, isOpen }) {
  if (!isOpen) return emptySketch();
  return points.length > 1 ? { points: points.slice(0, -1), isOpen } : emptySketch();
}
function ended({ points, isOpen }, tool) {
  if (!isOpen) return { points, isOpen };
  return points.length < tool.least ? emptySketch() : { points, isOpen: false };
}
var aimedAt = ({ points, isOpen }, aim) => isOpen && aim ? [...points, aim] : points;
var isSame = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]) < 1e-9;
function boxOf([from, to], size) {
  const span = (axis) => {
    const at = [from, to].map((point) => Math.min(size[axis] - 1, Math.floor(point[axis])));
    return [Math.min(...at), Math.max(...at) + 1];
  };
  const [[x0, x1], [y0, y1]] = [span(0), span(1)];
  return [x0, y0, x1, y1];
}
var pointsOf = ([x0, y0, x1, y1]) => [[x0 + 0.5, y0 + 0.5], [x1 - 0.5, y1 - 0.5]];

// dom.js
function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}
function swatch(color) {
  const element = el("span", { class: "swatch", "aria-hidden": "true" });
  if (color) element.style.setProperty("--swatch", cssColor(color));
  else element.classList.add("void");
  return element;
}
function icon(path) {
  const holder = el("span", { class: "icon" });
  holder.innerHTML = `<svg viewBox="0 0 14 14" width="14" height="14" fill="none" aria-hidden="true"
    stroke="currentColor" stroke-width="1.5"><path d="${path}"/></svg>`;
  return holder;
}
var cornersIcon = () => icon("M1 5V1h4M9 1h4v4M13 9v4H9M5 13H1V9");
function followTheme(root) {
  const [r, g, b] = getComputedStyle(root).backgroundColor.match(/[\d.]+/g).map(Number);
  root.style.colorScheme = 0.299 * r + 0.587 * g + 0.114 * b < 128 ? "dark" : "light";
}

// tools/geodesy.js
var AXIS = 6378137;
var FLATTENING = 1 / 298.257223563;
var POLAR = AXIS * (1 - FLATTENING);
var E2 = FLATTENING * (2 - FLATTENING);
var E = Math.sqrt(E2);
function lonLat({ size, xyz }, [x, y]) {
  const order = xyz[0].length;
  const across = chebyshev(2 * x / size[0] - 1, order);
  const down = chebyshev(2 * y / size[1] - 1, order);
  const [east, north, up] = xyz.map((rows) => {
    let sum2 = 0;
    for (let i = 0; i < order; i++) {
      let row = 0;
      for (let j = 0; j < order; j++) row += rows[i][j] * down[j];
      sum2 += row * across[i];
    }
    return sum2;
  });
  return [Math.atan2(north, east), Math.atan2(up, (1 - E2) * Math.hypot(east, north))];
}
function chebyshev(at, count) {
  const values = [1, at];
  while (values.length < count) values.push(2 * at * values.at(-1) - values.at(-2));
  return values.slice(0, count);
}
function distance([lon1, lat1], [lon2, lat2]) {
  const reduced = (lat) => Math.atan((1 - FLATTENING) * Math.tan(lat));
  const [u1, u2] = [reduced(lat1), reduced(lat2)];
  const [sin1, cos1, sin2, cos2] = [Math.sin(u1), Math.cos(u1), Math.sin(u2), Math.cos(u2)];
  const between = wrapped(lon2 - lon1);
  let lambda = between;
  for (let round = 0; round < 200; round++) {
    const [sinL, cosL] = [Math.sin(lambda), Math.cos(lambda)];
    const sinS = Math.hypot(cos2 * sinL, cos1 * sin2 - sin1 * cos2 * cosL);
    if (sinS === 0) return 0;
    const cosS = sin1 * sin2 + cos1 * cos2 * cosL;
    const sigma = Math.atan2(sinS, cosS);
    const sinA = cos1 * cos2 * sinL / sinS;
    const cos2A = 1 - sinA * sinA;
    const cosM = cos2A > 1e-15 ? cosS - 2 * sin1 * sin2 / cos2A : 0;
    const c = FLATTENING / 16 * cos2A * (4 + FLATTENING * (4 - 3 * cos2A));
    const inner = cosM + c * cosS * (2 * cosM * cosM - 1);
    const next = between + (1 - c) * FLATTENING * sinA * (sigma + c * sinS * inner);
    if (Math.abs(next) > Math.PI) return null;
    if (Math.abs(next - lambda) > 1e-12) {
      lambda = next;
      continue;
    }
    const squared = cos2A * (AXIS ** 2 - POLAR ** 2) / POLAR ** 2;
    const a = 1 + squared / 16384 * (4096 + squared * (-768 + squared * (320 - 175 * squared)));
    const b = squared / 1024 * (256 + squared * (-128 + squared * (74 - 47 * squared)));
    const last = b / 6 * cosM * (4 * sinS * sinS - 3) * (4 * cosM * cosM - 3);
    const delta = b * sinS * (cosM + b / 4 * (cosS * (2 * cosM * cosM - 1) - last));
    return POLAR * a * (sigma - delta);
  }
  return null;
}
function area(surface, points) {
  const places = points.map((point) => lonLat(surface, point));
  const middle = places.reduce((sum3, [, lat]) => sum3 + lat / places.length, 0);
  const base = zone(middle);
  let sum2 = 0;
  let turn = 0;
  points.forEach((from, i) => {
    const to = points[(i + 1) % points.length];
    sum2 += side(surface, from, to, base);
    turn += wrapped(places[(i + 1) % places.length][0] - places[i][0]);
  });
  if (Math.abs(turn) < Math.PI) return Math.abs(sum2);
  const pole = zone(Math.sign(middle) * Math.PI / 2);
  return Math.abs((pole - base) * turn - sum2);
}
function side(surface, from, to, base) {
  const at = (t) => lonLat(surface, [from[0] + t * (to[0] - from[0]), from[1] + t * (to[1] - from[1])]);
  let known2 = [at(0), at(1)];
  let [coarse, before] = [trapezoid(known2, base), null];
  for (let count = 2; count <= 1024; count *= 2) {
    const more = Array.from({ length: count / 2 }, (_, i) => at((2 * i + 1) / count));
    known2 = known2.flatMap((place2, i) => i < more.length ? [place2, more[i]] : [place2]);
    const fine = trapezoid(known2, base);
    const better = fine + (fine - coarse) / 3;
    if (count > 4 && Math.abs(better - before) <= 1e-10 * Math.abs(better) + 1e-9) return better;
    [coarse, before] = [fine, better];
  }
  return before;
}
function trapezoid(places, base) {
  let sum2 = 0;
  let last = zone(places[0][1]) - base;
  for (let i = 1; i < places.length; i++) {
    const next = zone(places[i][1]) - base;
    sum2 += (last + next) / 2 * wrapped(places[i][0] - places[i - 1][0]);
    last = next;
  }
  return sum2;
}
function zone(lat) {
  const sin = Math.sin(lat);
  return POLAR ** 2 / 2 * (sin / (1 - E2 * sin * sin) + Math.atanh(E * sin) / E);
}
var wrapped = (angle) => angle - 2 * Math.PI * Math.round(angle / (2 * Math.PI));

// tools/measure.js
var UNKNOWN = "no length between places that lie opposite each other";
function lengthWords(points, ground) {
  const surface = ground?.surface;
  if (!surface) return pixels(sum(points, (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1])), "px");
  const places = points.map((point) => lonLat(surface, point));
  const legs = places.slice(1).map((to, i) => distance(places[i], to));
  return legs.includes(null) ? UNKNOWN : lengthText(legs.reduce((all, leg) => all + leg, 0));
}
function areaWords(points, ground) {
  const surface = ground?.surface;
  return surface ? areaText(area(surface, points)) : pixels(flatArea(points), "px²");
}
var lengthText = (metres) => metres < 1 ? `${digits(metres * 100)} cm` : metres < 1e3 ? `${digits(metres)} m` : `${digits(metres / 1e3)} km`;
var areaText = (squareMetres) => squareMetres < 1e4 ? `${digits(squareMetres)} m²` : squareMetres < 1e8 ? `${digits(squareMetres / 1e4)} ha` : `${digits(squareMetres / 1e6)} km²`;
var pixels = (value, unit) => `${digits(value)} ${unit}`;
var digits = (value) => value.toLocaleString("en", { maximumFractionDigits: value < 10 ? 3 : value < 100 ? 2 : 1 });
var sum = (points, of) => points.slice(1).reduce((total, point, i) => total + of(points[i], point), 0);
function flatArea(points) {
  const cross = ([x0, y0], [x1, y1]) => x0 * y1 - x1 * y0;
  return Math.abs(points.reduce((total, point, i) => total + cross(point, points[(i + 1) % points.length]), 0)) / 2;
}

// tools/table.js
var RULER = "M1 10 10 1l3 3-9 9zM4 7l1.5 1.5M6.5 4.5 8 6M9 2l1.5 1.5";
var POLYGON = "M2 5 7 1l5 3-1 8-7 1z";
var RECTANGLE = "M1.5 3h11v8h-11z";
var TOOLS = [
  {
    name: "distance",
    title: "Measure a distance",
    spoken: "measures a distance",
    letter: "m",
    face: () => icon(RULER),
    least: 2,
    most: Infinity,
    words: (points, { ground }) => points.length > 1 ? `Length ${lengthWords(points, ground)}` : ""
  },
  {
    name: "area",
    title: "Measure an area",
    spoken: "measures an area",
    letter: "a",
    face: () => icon(POLYGON),
    least: 3,
    most: Infinity,
    isClosed: true,
    words(points, { ground }) {
      if (points.length < 2) return "";
      const around = `outline ${lengthWords([...points, points[0]], ground)}`;
      return points.length < 3 ? around.replace("o", "O") : `Area ${areaWords(points, ground)}, ${around}`;
    }
  },
  {
    name: "rectangle",
    title: "Draw a rectangle",
    spoken: "draws a rectangle",
    letter: "r",
    face: () => icon(RECTANGLE),
    least: 2,
    most: 2,
    isBox: true,
    isShown: (data) => Boolean(data.rectangle),
    words(points, { size }) {
      if (points.length < 2) return "";
      const [x0, y0, x1, y1] = boxOf(points, size);
      return `${x1 - x0} × ${y1 - y0} px from x ${x0}, y ${y0}`;
    }
  }
];
var toolNamed = (name) => TOOLS.find((tool) => tool.name === name);

// view.js
var MAX_ZOOM = 64;
var clamp = (value, low, high) => Math.min(high, Math.max(low, value));
var fittedView = () => ({ fit: true, zoom: 1, cx: 0, cy: 0 });
function place(view, size, extent, ratio) {
  const length = (axis) => Math.max(1, Math.round(size[axis] * view.zoom * ratio));
  const start = (axis, center) => Math.floor((extent[axis] / 2 - center * view.zoom) * ratio + 0.5 - 1e-6);
  return { left: start(0, view.cx), top: start(1, view.cy), width: length(0), height: length(1) };
}
function toImage(view, extent, [left, top]) {
  return [
    view.cx + (left - extent[0] / 2) / view.zoom,
    view.cy + (top - extent[1] / 2) / view.zoom
  ];
}
function toScreen({ left, top, width, height }, size, ratio, [x, y]) {
  return [(left + x * width / size[0]) / ratio, (top + y * height / size[1]) / ratio];
}
function fitZoom(size, extent) {
  return Math.min(extent[0] / size[0], extent[1] / size[1], MAX_ZOOM);
}
function settle(view, size, extent) {
  const whole = fitZoom(size, extent);
  const lowest = Math.min(whole, 1);
  const fit = view.fit || view.zoom <= lowest && whole <= 1;
  const zoom = fit ? whole : clamp(view.zoom, lowest, MAX_ZOOM);
  const center = (at, length, shown) => {
    const half = shown / zoom / 2;
    return half * 2 >= length ? length / 2 : clamp(at, half, length - half);
  };
  return {
    fit,
    zoom,
    cx: center(view.cx, size[0], extent[0]),
    cy: center(view.cy, size[1], extent[1])
  };
}
function pan(view, [dx, dy], size, extent) {
  const moved2 = { ...view, cx: view.cx - dx / view.zoom, cy: view.cy - dy / view.zoom };
  return settle(moved2, size, extent);
}
function zoomAt(view, factor, point, size, extent) {
  const lowest = Math.min(fitZoom(size, extent), 1);
  const zoomed = { ...view, fit: false, zoom: clamp(view.zoom * factor, lowest, MAX_ZOOM) };
  const before = toImage(view, extent, point);
  const after = toImage(zoomed, extent, point);
  zoomed.cx += before[0] - after[0];
  zoomed.cy += before[1] - after[1];
  return settle(zoomed, size, extent);
}
function pixelAt({ left, top, width, height }, size, [column, row]) {
  const x = Math.floor((column + 0.5 - left) * size[0] / width);
  const y = Math.floor((row + 0.5 - top) * size[1] / height);
  return x >= 0 && y >= 0 && x < size[0] && y < size[1] ? { x, y } : null;
}
function pointAt({ left, top, width, height }, size, [column, row]) {
  const x = (column + 0.5 - left) * size[0] / width;
  const y = (row + 0.5 - top) * size[1] / height;
  return [clamp(x, 0, size[0]), clamp(y, 0, size[1])];
}
function viewOf({ x, y, zoom, width, height }, extent) {
  const fitting = Math.min(extent[0] / (width || Infinity), extent[1] / (height || Infinity));
  return { fit: false, zoom: zoom ?? clamp(fitting || 1, 0, MAX_ZOOM), cx: x, cy: y };
}
function inSight(view, [x, y], extent) {
  const reach = extent.map((length) => length / view.zoom / 2);
  return {
    ...view,
    cx: clamp(view.cx, x - reach[0], x + reach[0]),
    cy: clamp(view.cy, y - reach[1], y + reach[1])
  };
}
function centerPixel(view) {
  return { x: Math.floor(view.cx), y: Math.floor(view.cy) };
}
function bestColumns(count, size, extent, { gap, caption }) {
  const scale = (columns) => {
    const rows = Math.ceil(count / columns);
    const width = (extent[0] - gap * (columns - 1)) / columns;
    const height = (extent[1] - gap * (rows - 1)) / rows - caption;
    return Math.min(width / size[0], height / size[1]);
  };
  let best = count;
  for (let n = count - 1; n > 0; n--) if (scale(n) > scale(best) * 1.02) best = n;
  return best;
}
var wholePixels = (length, ratio) => Math.floor(length * ratio + 0.01) / ratio;

// state.js
var IMAGE = "image";
var remembered = /* @__PURE__ */ new Map();
function stateFor(key, modes) {
  if (!remembered.has(key)) remembered.set(key, createState(modes));
  return remembered.get(key);
}
function createState(modes) {
  return {
    mode: modes[0].name,
    own: Object.fromEntries(modes.map((mode) => [mode.name, mode.settings?.() ?? {}])),
    given: {},
    // what the script passed last, to tell a new wish of its from the user's
    view: fittedView(),
    layers: /* @__PURE__ */ new Map(),
    // layer key → {visible, opacity}
    off: /* @__PURE__ */ new Set(),
    // classes that are not shown
    thresholds: /* @__PURE__ */ new Map(),
    // key of a layer of values → value below which labels are unsure
    looks: /* @__PURE__ */ new Map(),
    // key of a layer of values → how it is coloured, see layers/values.js
    marker: null,
    tool: null,
    // the name of the one that is in use
    sketches: Object.fromEntries(TOOLS.map(({ name }) => [name, emptySketch()])),
    goal: null,
    // what is to be seen once there is a pane: see `viewOf` in view.js
    frame: null
    // the number of the chosen one; null follows the newest
  };
}
function adopt(state, data, modes) {
  const isNew = (name, value) => {
    const text = JSON.stringify(value);
    const changed = state.given[name] !== text;
    state.given[name] = text;
    return changed;
  };
  if (isNew("mode", data.mode)) state.mode = data.mode;
  if (isNew("size", data.size)) state.view.fit = true;
  if (isNew("image", data.image.digest)) forget(state);
  if (isNew("classes", data.classes.map(({ name }) => name))) state.off.clear();
  adoptPlaces(state, data, isNew);
  for (const layer of data.layers) adoptLayer(state, layer, isNew);
  fitModes(state, data.layers, modes);
}
function forget(state) {
  state.marker = null;
  for (const { name } of TOOLS) state.sketches[name] = emptySketch();
}
function adoptPlaces(state, { image, at, rectangle }, isNew) {
  if (isNew("at", [image.digest, at]) && at) state.goal = at;
  if (isNew("rectangle", rectangle)) adoptRectangle(state, rectangle?.box);
}
function adoptRectangle({ sketches }, box) {
  if (sketches.rectangle.isOpen) return;
  sketches.rectangle = box ? { points: pointsOf(box), isOpen: false } : emptySketch();
}
function adoptLayer(state, { key, visible, opacity, threshold, range, look }, isNew) {
  if (look && isNew(`look ${key}`, [range, look])) state.looks.set(key, look);
  if (isNew(`layer ${key}`, [visible, opacity])) state.layers.set(key, { visible, opacity });
  if (threshold && isNew(`threshold ${key}`, threshold)) state.thresholds.set(key, threshold.start);
}
function fitModes(state, layers, modes) {
  const keys = layers.map(({ key }) => key);
  const visible = keys.filter((key) => state.layers.get(key).visible);
  const labels = layers.filter(({ kind }) => kind === "labels").map(({ key }) => key);
  for (const mode of modes) mode.adopt?.(state.own[mode.name], { keys, visible, labels });
  const possible2 = modes.filter((mode) => isPossible(mode, keys.map((key) => labels.includes(key))));
  if (!possible2.some(({ name }) => name === state.mode)) state.mode = possible2[0].name;
}
function showLayer(state, mode, key, visible) {
  state.layers.get(key).visible = visible;
  if (visible) mode.onShow?.(state.own[mode.name], key);
}
function pick(state, mode, name, key) {
  state.own[mode.name][name] = key;
  const { showsLayer = true } = mode.picks.find((menu) => menu.name === name);
  if (key !== IMAGE && showsLayer) state.layers.get(key).visible = true;
}
function toggleClass(state, index) {
  if (!state.off.delete(index)) state.off.add(index);
}
function isolateClass(state, index, count) {
  const others = Array.from({ length: count }, (_, i) => i).filter((i) => i !== index);
  const already = others.every((i) => state.off.has(i)) && !state.off.has(index);
  state.off = new Set(already ? [] : others);
}

// modes/shown.js
var partOf = ({ layers }, key) => layers.find(({ visible, layer }) => visible && layer.key === key);
var shownKey = (scene, key) => partOf(scene, key)?.layer.key ?? scene.image.layer.key;

// modes/blink.js
var TURN_MS = 700;
var isCalm = () => globalThis.matchMedia?.("(prefers-reduced-motion: reduce)").matches ?? false;
var blink = {
  name: "blink",
  letter: "b",
  title: "Blink",
  needsLayers: true,
  captions: true,
  crosshair: false,
  picks: [
    { name: "first", label: "Shown first", image: true },
    { name: "second", label: "Shown in turn with it", image: true }
  ],
  timer: {
    ms: TURN_MS,
    isOn: (own) => !own.paused,
    turn(own) {
      own.now = own.now === "first" ? "second" : "first";
    },
    pause(own) {
      own.paused = !own.paused;
    }
  },
  settings: () => ({ first: null, second: IMAGE, now: "first", paused: isCalm() }),
  adopt(own, { keys, visible }) {
    if (!keys.includes(own.first) && own.first !== IMAGE) own.first = visible[0] ?? keys[0] ?? null;
    if (!keys.includes(own.second)) own.second = IMAGE;
  },
  onShow(own, key) {
    if (own.first !== key) own.second = key;
  },
  shown: (scene, name) => shownKey(scene, scene.own[name]),
  panes(scene) {
    const { image, own } = scene;
    const part = partOf(scene, own[own.now]);
    const pane = { key: "blink", title: (part ?? image).layer.title, picks: ["first", "second"] };
    return [{ ...pane, now: own.now, stack: part ? [image, part] : [image] }];
  }
};

// layers/tiled_pairs.js
var TiledPairs = class {
  constructor(first, second) {
    this.width = first.width;
    this.height = first.height;
    this.counts = null;
    this.how = "of the masks made smaller by the commonest class";
    this.error = "";
    this.changed = null;
    this.load(`${first.src}/pairs/${second.src.split("/").at(-1)}`);
  }
  async load(src) {
    try {
      const answer = await fetch(src);
      if (!answer.ok) throw new Error(await answer.text());
      const { width, height, pairs } = await answer.json();
      const counts2 = new Float64Array(65536);
      for (const [first, second, pixels2] of pairs) counts2[256 * first + second] = pixels2;
      Object.assign(this, { width, height, counts: counts2 });
    } catch (error) {
      this.error = error.message;
    }
    this.changed?.();
  }
};

// layers/picture.js
var PictureLayer = class {
  static decode(bitmap) {
    return new Picture(bitmap);
  }
  constructor({ key, title, note }, picture) {
    this.key = key;
    this.title = title;
    this.note = note;
    this.picture = picture;
    this.usesClasses = false;
  }
  // Smoothed only where several of its pixels come to lie on one of the screen.
  get isSmooth() {
    return true;
  }
  draw(surface) {
    const { picture } = this;
    if (picture.isTiled) return picture.draw(surface, ({ source }) => source, this.isSmooth);
    const isShrunk = surface.width < picture.width || surface.height < picture.height;
    stretch(surface, isShrunk ? picture.shrunk(surface) : picture.source);
  }
  valueAt() {
    return null;
  }
  describe() {
    return null;
  }
};
function stretch({ context, left, top, width, height }, source) {
  context.imageSmoothingEnabled = false;
  context.drawImage(source, left, top, width, height);
}
function drawPainted(surface, picture, paint) {
  if (!picture.isTiled) {
    paint(picture);
    return stretch(surface, picture.source);
  }
  picture.draw(surface, (part, tile) => paint(part, tile) === false ? null : part.source, false);
}
function sampled(picture, name, { x, y, size }, empty = 0) {
  if (picture.isTiled) return picture.sample(name, x, y, empty);
  const { width, height } = picture;
  const column = Math.floor((x + 0.5) * width / size[0]);
  const row = Math.floor((y + 0.5) * height / size[1]);
  return picture[name][row * width + column];
}
var Picture = class {
  constructor(bitmap) {
    this.source = bitmap;
    this.width = bitmap.width;
    this.height = bitmap.height;
    this.small = null;
    this.bytes = 4 * this.width * this.height;
  }
  // At the size of the screen, kept while it is that: averaging takes a tenth of a second.
  shrunk({ width, height }) {
    const { small } = this;
    if (small?.width === width && small.height === height) return small;
    this.small = el("canvas", { width, height });
    const context = this.small.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(this.source, 0, 0, width, height);
    return this.small;
  }
  close() {
    this.source.close();
    if (this.small) this.small.width = this.small.height = 0;
  }
};

// layers/difference.js
var NOTHING = globalThis.document && el("canvas", { width: 1, height: 1 });
var HIT = 1;
var FALSE_ALARM = 2;
var MISS = 3;
var OTHER = 4;
var OUTCOMES = [
  { outcome: HIT, id: "hit", title: "Hit", color: [150, 205, 255] },
  { outcome: FALSE_ALARM, id: "false-alarm", title: "False alarm", color: [255, 140, 0] },
  { outcome: MISS, id: "miss", title: "Miss", color: [30, 40, 160] },
  { outcome: OTHER, id: "other", title: "Another class", color: [110, 20, 50] }
];
function outcomeOf(first, second, count, off) {
  if (Math.max(first, second) >= Math.min(count, VOID)) return 0;
  const [inFirst, inSecond] = [!off.has(first), !off.has(second)];
  if (first === second) return inFirst ? HIT : 0;
  if (inFirst && inSecond) return OTHER;
  if (inFirst) return FALSE_ALARM;
  return inSecond ? MISS : 0;
}
function tally(counts2, count, off) {
  const outcomes = [0, 0, 0, 0, 0];
  const classes = Array.from({ length: count }, () => ({ hits: 0, falseAlarms: 0, misses: 0 }));
  for (let first = 0; first < Math.min(count, VOID); first++) {
    for (let second = 0; second < Math.min(count, VOID); second++) {
      const pixels2 = counts2[256 * first + second];
      outcomes[outcomeOf(first, second, count, off)] += pixels2;
      if (first === second) classes[first].hits += pixels2;
      else {
        classes[first].falseAlarms += pixels2;
        classes[second].misses += pixels2;
      }
    }
  }
  return { outcomes, classes };
}
function pairColors({ classes, off }) {
  const table = new Uint32Array(65536);
  const bytes = new Uint8Array(table.buffer);
  for (let pair = 0; pair < table.length; pair++) {
    const outcome = outcomeOf(pair >> 8, pair & 255, classes.length, off);
    if (outcome) bytes.set([...OUTCOMES[outcome - 1].color, 255], 4 * pair);
  }
  return table;
}
var DifferenceLayer = class {
  // `first`, `second`: label layers.
  constructor(first, second) {
    this.key = "difference";
    this.title = "Difference";
    this.usesClasses = true;
    this.first = first;
    this.second = second;
  }
  get pairs() {
    return pairsOf(this.first.picture, this.second.picture);
  }
  // What is compared, which has to be there.
  get pictures() {
    return [this.first.picture, this.second.picture];
  }
  draw(surface, legend) {
    const [first, second] = this.pictures;
    if (!first.isTiled) {
      this.pairs.paint(legend);
      return stretch(surface, this.pairs.source);
    }
    first.draw(surface, (part, tile) => {
      const other = second.get(tile);
      if (!other?.indices) return other ? NOTHING : null;
      const pairs = pairsOf(part, other);
      pairs.paint(legend);
      return pairs.source;
    }, false);
  }
  // Undefined while one of the two is not known.
  valueAt(x, y, size) {
    const [first, second] = [this.first, this.second].map((layer) => layer.valueAt(x, y, size));
    return first === void 0 || second === void 0 ? void 0 : 256 * first + second;
  }
  describe(value, { classes, off }) {
    const [first, second] = [value >> 8, value & 255];
    const outcome = outcomeOf(first, second, classes.length, off);
    if (!outcome) return { text: "not compared" };
    const { title, color } = OUTCOMES[outcome - 1];
    const of = { [HIT]: first, [FALSE_ALARM]: first, [MISS]: second }[outcome];
    return { text: of === void 0 ? title : `${title}: ${classes[of].name}`, color };
  }
};
var known = /* @__PURE__ */ new WeakMap();
function pairsOf(first, second) {
  if (!known.has(first)) known.set(first, /* @__PURE__ */ new WeakMap());
  const ofFirst = known.get(first);
  if (!ofFirst.has(second)) {
    ofFirst.set(second, new (first.isTiled ? TiledPairs : Pairs)(first, second));
  }
  return ofFirst.get(second);
}
var Pairs = class {
  constructor(first, second) {
    this.width = Math.max(first.width, second.width);
    this.height = Math.max(first.height, second.height);
    this.codes = new Uint16Array(this.width * this.height);
    this.counts = new Uint32Array(65536);
    this.how = "as they were sent";
    this.legend = null;
    const [ofFirst, ofSecond] = [first, second].map((picture) => this.rowsOf(picture));
    for (let y = 0, i = 0; y < this.height; y++) {
      const [a, b] = [ofFirst(y), ofSecond(y)];
      for (let x = 0; x < this.width; x++, i++) this.counts[this.codes[i] = 256 * a(x) + b(x)]++;
    }
  }
  rowsOf({ indices, width, height }) {
    const columns = Uint32Array.from({ length: this.width }, (_, x) => Math.floor((x + 0.5) * width / this.width));
    return (y) => {
      const start = width * Math.floor((y + 0.5) * height / this.height);
      return (x) => indices[start + columns[x]];
    };
  }
  paint(legend) {
    if (this.legend === legend) return;
    this.legend = legend;
    if (!this.source) {
      this.source = el("canvas", { width: this.width, height: this.height });
      this.context = this.source.getContext("2d", { willReadFrequently: true });
      this.painted = this.context.createImageData(this.width, this.height);
    }
    legend.pairColors ??= pairColors(legend);
    const out = new Uint32Array(this.painted.data.buffer);
    for (let i = 0; i < out.length; i++) out[i] = legend.pairColors[this.codes[i]];
    this.context.putImageData(this.painted, 0, 0);
  }
};

// modes/difference.js
var difference = {
  name: "difference",
  letter: "d",
  title: "Difference",
  needsLayers: true,
  needsLabels: 2,
  captions: true,
  crosshair: false,
  picks: [
    { name: "first", label: "Layer that is judged", labelsOnly: true, showsLayer: false },
    { name: "second", label: "Reference", labelsOnly: true, showsLayer: false }
  ],
  settings: () => ({ first: null, second: null, opacity: 0.8 }),
  adopt(own, { labels }) {
    if (!labels.includes(own.first)) own.first = labels.find((key) => key !== own.second) ?? null;
    if (!labels.includes(own.second)) own.second = labels.find((key) => key !== own.first) ?? null;
  },
  shown: ({ own }, name) => own[name],
  // Of layers that are switched off elsewhere too: they are not drawn, but compared.
  panes({ image, layers, own }) {
    const [first, second] = [own.first, own.second].map((wanted) => layers.find(({ layer: layer2 }) => layer2.key === wanted)?.layer);
    const pane = { key: "difference", title: image.layer.title, picks: ["first", "second"] };
    if (!first || !second) return [{ ...pane, stack: [image] }];
    const layer = new DifferenceLayer(first, second);
    const stack = [image, { layer, visible: true, opacity: own.opacity }];
    return [{ ...pane, stack, reads: [first, second, layer] }];
  }
};

// modes/overlay.js
var overlay = {
  name: "overlay",
  letter: "o",
  title: "Overlay",
  needsLayers: false,
  captions: false,
  crosshair: false,
  panes({ image, layers }) {
    const stack = [image, ...layers.filter(({ visible }) => visible)];
    return [{ key: "overlay", title: image.layer.title, stack }];
  }
};

// modes/side.js
var MOST = 4;
var NAMES = Array.from({ length: MOST }, (_, i) => `pane${i}`);
function keysOf({ image, layers, own }) {
  if (own.count) return NAMES.slice(0, own.count).map((name) => own[name]);
  const visible = layers.filter((part) => part.visible).map(({ layer }) => layer.key);
  return [image.layer.key, ...visible].slice(0, MOST);
}
function keep(own, keys) {
  own.count = keys.length;
  keys.forEach((key, i) => own[NAMES[i]] = key);
}
var side2 = {
  name: "side",
  letter: "s",
  title: "Side by side",
  needsLayers: true,
  captions: true,
  crosshair: true,
  counts: [2, 3, 4],
  picks: NAMES.map((name, i) => ({ name, label: `Pane ${i + 1}`, image: true })),
  settings: () => ({ count: null }),
  adopt(own, { keys }) {
    const known2 = [IMAGE, ...keys];
    if (!NAMES.slice(0, own.count ?? 0).every((name) => known2.includes(own[name]))) own.count = null;
  },
  // A layer that is switched on is to be seen.
  onShow(own, key) {
    const names = NAMES.slice(0, own.count ?? 0);
    if (own.count && !names.some((name) => own[name] === key)) own[names.at(-1)] = key;
  },
  onPick: (scene) => keep(scene.own, keysOf(scene)),
  count: (scene) => keysOf(scene).length,
  // Changes how many there are; new ones show layers that no pane shows yet, whose keys it returns.
  setCount(scene, count) {
    const keys = keysOf(scene);
    const others = scene.layers.map(({ layer }) => layer.key).filter((key) => !keys.includes(key));
    const added = others.slice(0, Math.max(0, count - keys.length));
    const images = Array.from({ length: count }, () => scene.image.layer.key);
    keep(scene.own, [...keys, ...added, ...images].slice(0, count));
    return added;
  },
  shown: (scene, name) => shownKey(scene, keysOf(scene)[NAMES.indexOf(name)]),
  panes(scene) {
    return keysOf(scene).map((key, i) => {
      const part = partOf(scene, key);
      const { layer } = part ?? scene.image;
      const stack = part ? [scene.image, part] : [scene.image];
      return { key: NAMES[i], shows: layer.key, title: layer.title, stack, picks: [NAMES[i]] };
    });
  }
};

// modes/swipe.js
var swipe = {
  name: "swipe",
  letter: "w",
  title: "Swipe",
  needsLayers: true,
  captions: true,
  crosshair: false,
  picks: [
    { name: "left", label: "Left of the divider", image: true },
    { name: "right", label: "Right of the divider", image: true }
  ],
  divider: {
    label: "Divider between left and right",
    at: (own) => own.divider,
    move(own, part) {
      own.divider = clamp(part, 0, 1);
    }
  },
  settings: () => ({ divider: 0.5, left: IMAGE, right: null }),
  adopt(own, { keys, visible }) {
    if (!keys.includes(own.left)) own.left = IMAGE;
    if (!keys.includes(own.right)) own.right = visible[0] ?? keys[0] ?? null;
  },
  // A layer is seen on one of two sides only, so one that is switched on goes to the right.
  onShow(own, key) {
    if (own.left !== key) own.right = key;
  },
  shown: (scene, name) => shownKey(scene, scene.own[name]),
  panes(scene) {
    const { image, own } = scene;
    const half = (key, cut) => {
      const part = partOf(scene, key);
      return part ? [{ ...part, ...cut }] : [];
    };
    const left = half(own.left, { to: own.divider });
    const right = half(own.right, { from: own.divider });
    const stack = [image, ...left, ...right];
    return [{ key: "swipe", title: image.layer.title, stack, picks: ["left", "right"] }];
  }
};

// modes/table.js
var MODES = [overlay, swipe, side2, blink, difference];
var modeNamed = (name) => MODES.find((mode) => mode.name === name);

// commands.js
var Commands = class {
  choose(mode) {
    this.change((state) => state.mode = mode.name);
  }
  pick(name, key) {
    this.mode.onPick?.(this.scene());
    this.change((state) => pick(state, this.mode, name, key));
  }
  get paneCount() {
    return this.mode.count?.(this.scene());
  }
  setPaneCount(count) {
    const added = this.mode.setCount(this.scene(), count);
    this.change(({ layers }) => added.forEach((key) => layers.get(key).visible = true));
  }
  get isPaused() {
    return !this.mode.timer?.isOn(this.scene().own);
  }
  pause() {
    this.change(({ own }) => this.mode.timer.pause(own[this.mode.name]));
  }
  look(view) {
    this.state.view = view;
    this.draw();
  }
  pan(dx, dy) {
    this.look(pan(this.state.view, [dx, dy], this.data.size, this.stage.extent));
  }
  zoomBy(factor) {
    this.change(({ view }) => Object.assign(view, { fit: false, zoom: view.zoom * factor }));
  }
  // Where the fitted zoom is 1 or less, `settle` takes 1 for "fit"; it is the same picture.
  zoomTo(zoom) {
    this.change(({ view }) => Object.assign(view, { fit: false, zoom }));
  }
  fit() {
    this.change(({ view }) => view.fit = true);
  }
  showHelp() {
    this.helpSheet.open(this);
  }
  toggleFullscreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.root.requestFullscreen?.();
  }
  peek(on) {
    if (this.peeking === on) return;
    this.peeking = on;
    this.draw();
  }
  hover(pixel) {
    this.cursor = pixel;
    this.showPointerSoon();
  }
  pointAtCenter() {
    this.hover(centerPixel(this.state.view));
  }
  selectPointed() {
    this.select(this.cursor ?? centerPixel(this.state.view));
  }
  select(pixel) {
    if (!pixel || !this.isClickable) return;
    this.state.marker = pixel;
    this.showPointer();
    this.send.click(pixel);
  }
  // ---- tools that draw on the picture ----
  get tool() {
    return this.state && toolNamed(this.state.tool);
  }
  get sketch() {
    return this.state.sketches[this.state.tool];
  }
  // A second time it is put away.
  chooseTool(name) {
    const { state } = this;
    if (this.tool && this.tool !== toolNamed("rectangle")) this.state.sketches[state.tool] = emptySketch();
    else if (this.tool) this.state.sketches.rectangle = ended(this.sketch, this.tool);
    this.change(() => state.tool = state.tool === name ? null : name);
    this.say(this.tool ? `${this.tool.title}: Enter sets a point, arrow keys move it.` : "");
  }
  // `aim`: the point of the image that a click would set.
  aimAt(aim) {
    this.aim = aim;
    this.showSketches();
  }
  moveAim(dx, dy) {
    const { size } = this.data;
    const middle = centerPixel(this.state.view);
    const [x, y] = this.aim ?? [middle.x + 0.5, middle.y + 0.5];
    this.aim = [clamp(x + dx, 0, size[0]), clamp(y + dy, 0, size[1])];
    const pixel = this.aim.map((at, axis) => Math.min(size[axis] - 1, Math.floor(at)));
    const seen = inSight(this.state.view, this.aim, this.stage.extent);
    this.state.view = settle(seen, size, this.stage.extent);
    this.cursor = { x: pixel[0], y: pixel[1] };
    this.draw();
  }
  setPoint(point = this.aim) {
    if (!this.tool) return;
    const middle = centerPixel(this.state.view);
    this.aim = point ?? [middle.x + 0.5, middle.y + 0.5];
    this.setSketch(withPoint(this.sketch, this.tool, this.aim));
  }
  dropPoint() {
    this.setSketch(withoutLast(this.sketch));
  }
  // A sketch that is under way ends; without one, the tool is put away.
  endTool() {
    if (this.sketch.isOpen) this.setSketch(ended(this.sketch, this.tool));
    else this.chooseTool(this.state.tool);
  }
  setSketch(sketch) {
    const { tool, data } = this;
    this.state.sketches[tool.name] = sketch;
    this.showSketches();
    const { points, isOpen } = sketch;
    const words = tool.words(points, { ground: data.ground, size: data.size });
    this.say([`${points.length} points`, words, isOpen ? "" : "Finished"].filter(Boolean).join(". "));
    if (!tool.isBox || isOpen) return;
    const box = points.length ? boxOf(points, data.size) : null;
    this.send.rectangle({ image: data.image.digest, box });
  }
  // The address of this page at this place, to be passed on.
  async copyLink() {
    const { view } = this.state;
    const { extent } = this.stage;
    const seen = [view.cx, view.cy, extent[0] / view.zoom, extent[1] / view.zoom];
    const url = new URL(location.href);
    url.searchParams.set("at", seen.map((value) => Number(value.toFixed(1))).join(","));
    try {
      await navigator.clipboard.writeText(url.href);
      this.stage.tell("Copied: the address of this place");
      this.say("Copied");
    } catch {
      window.prompt("The address of this place", url.href);
    }
  }
  // Resolves when the frame is at hand, so that playing never runs ahead of what can be drawn.
  pickFrame(number2) {
    stateFor(this.given.key, MODES).frame = number2;
    return this.update(this.given, this.send);
  }
};

// controls/band_values.js
var REST_MS = 60;
var MOST2 = 4e3;
var BandValues = class {
  // `changed()`: an answer is there. `get(url, {signal})` → promise of {values, data}.
  constructor(changed, get = fetchJson) {
    this.changed = changed;
    this.get = get;
    this.known = /* @__PURE__ */ new Map();
    this.asked = null;
    this.timer = 0;
    this.abort = null;
  }
  // What is known of a pixel: {values, data}, null where the server has no answer, undefined while
  // there is none yet. `source`: {url} as ../band_values.py has it; `pixel` null: nothing is asked.
  at(source, pixel) {
    const url = source && pixel && `${source.url}/${pixel.x}/${pixel.y}`;
    if (url !== this.asked) {
      this.cancel();
      this.asked = url;
      if (this.known.get(url) === null) this.known.delete(url);
      if (url && !this.known.has(url)) this.timer = setTimeout(() => this.fetch(url), REST_MS);
    }
    return this.known.get(url);
  }
  cancel() {
    clearTimeout(this.timer);
    this.abort?.abort();
    this.asked = this.abort = null;
  }
  async fetch(url) {
    const abort = this.abort = new AbortController();
    const answer = await this.get(url, abort).catch(() => null);
    if (abort.signal.aborted) return;
    this.known.set(url, answer);
    if (this.known.size > MOST2) this.known.delete(this.known.keys().next().value);
    this.changed();
  }
};
async function fetchJson(url, { signal }) {
  const answer = await fetch(url, { signal });
  if (!answer.ok) throw new Error(`${answer.status} for ${url}`);
  return answer.json();
}

// controls/beat.js
var Beat = class {
  constructor(turn) {
    this.turn = turn;
    this.ms = 0;
    this.timer = 0;
  }
  // Every so many milliseconds; 0: not at all. The same again goes on undisturbed.
  set(ms) {
    if (ms === this.ms) return;
    this.ms = ms;
    clearInterval(this.timer);
    if (ms) this.timer = setInterval(this.turn, ms);
  }
};

// controls/difference_panel.js
var share = (part, whole) => `${whole ? (100 * part / whole).toFixed(1) : "0.0"}%`;
var compact = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });
var number = (pixels2) => el("td", { title: pixels2.toLocaleString("en") }, compact.format(pixels2));
var DifferencePanel = class {
  // `fade(opacity)`
  constructor(fade) {
    this.shown = null;
    this.slider = el("input", {
      type: "range",
      min: 0,
      max: 100,
      step: 1,
      "data-testid": "viewer-opacity-difference",
      "aria-label": "Opacity of the difference",
      oninput: () => fade(this.slider.value / 100)
    });
    this.percent = el("output", { class: "percent" });
    this.figures = el("div");
    this.element = el(
      "section",
      {
        "aria-label": "Difference",
        class: "difference",
        hidden: true,
        "data-testid": "viewer-difference"
      },
      el("h4", {}, "Difference"),
      this.figures,
      el("div", { class: "opacity" }, this.slider, this.percent)
    );
  }
  // `layer`: the difference that is shown, or undefined.
  show(layer, opacity, legend, size) {
    this.element.hidden = !layer;
    if (!layer) return;
    const text = `${Math.round(100 * opacity)}%`;
    this.slider.value = Math.round(100 * opacity);
    this.slider.style.setProperty("--part", text);
    this.percent.textContent = text;
    const { pairs } = layer;
    if (this.shown?.pairs === pairs && this.shown.legend === legend) return;
    this.shown = { pairs, legend };
    if (!pairs.counts) return this.wait(pairs, () => this.show(layer, opacity, legend, size));
    const { outcomes, classes } = tally(pairs.counts, legend.classes.length, legend.off);
    const compared = outcomes.slice(1).reduce((sum2, pixels2) => sum2 + pixels2, 0);
    const shrunk = pairs.width < size[0] || pairs.height < size[1];
    this.figures.replaceChildren(
      el("ul", { class: "outcomes" }, ...OUTCOMES.map(({ outcome, id, title, color }) => el(
        "li",
        { "data-testid": `viewer-difference-${id}`, "data-pixels": outcomes[outcome] },
        swatch(color),
        el("span", { class: "name" }, title),
        el(
          "span",
          { class: "percent", title: `${outcomes[outcome].toLocaleString("en")} pixels` },
          share(outcomes[outcome], compared)
        )
      ))),
      this.table(classes, legend),
      ...shrunk ? [el(
        "p",
        { class: "note" },
        `Counted on ${pairs.width} × ${pairs.height} pixels, ${pairs.how}.`
      )] : []
    );
  }
  // Until the server has counted.
  wait(pairs, again) {
    const text = pairs.error ? `Not counted: ${pairs.error}` : "Counting the pixels …";
    this.figures.replaceChildren(el("p", { class: "note", role: "status" }, text));
    pairs.changed = () => {
      this.shown = null;
      if (pairs.counts) again();
      else this.wait(pairs, again);
    };
  }
  table(rows, { classes, off }) {
    const head = (text, title) => el("th", { scope: "col", title }, text);
    return el(
      "table",
      { "aria-label": "Difference by class" },
      el("thead", {}, el(
        "tr",
        {},
        head("Pixels", "Pixels by class"),
        head("Hits", "Of that class in both"),
        head("False", "False alarms: of that class in the first only"),
        head("Missed", "Misses: of that class in the reference only")
      )),
      el("tbody", {}, ...rows.map(({ hits, falseAlarms, misses }, index) => el(
        "tr",
        { class: off.has(index) ? "off" : null, "data-testid": `viewer-difference-class-${index}` },
        el("th", { scope: "row", title: classes[index].name }, classes[index].name),
        number(hits),
        number(falseAlarms),
        number(misses)
      )))
    );
  }
};

// controls/frame_bar.js
var PLAY_MS = 8e3;
var FRAME_MS = [120, 600];
var FrameBar = class {
  // `pick(number)`: null for the newest, whichever that is; resolves when the frame is shown.
  constructor(pick2) {
    this.pick = pick2;
    this.layer = null;
    this.timer = 0;
    this.held = false;
    this.button = el("button", {
      type: "button",
      class: "play",
      "data-testid": "viewer-play",
      onclick: () => this.timer ? this.pause() : this.play()
    });
    this.slider = el("input", {
      type: "range",
      min: 0,
      step: 1,
      "data-testid": "viewer-frame",
      oninput: () => this.pause() || this.choose(Number(this.slider.value)),
      onpointerdown: () => this.held = true,
      onpointerup: () => this.release(),
      onpointercancel: () => this.release()
    });
    this.text = el("output", { class: "frame-text", "data-testid": "viewer-frame-text" });
    this.element = el(
      "div",
      { class: "frames", role: "group", hidden: true },
      this.button,
      this.slider,
      this.text
    );
    this.showButton();
  }
  show(layer) {
    this.layer = layer ?? null;
    this.element.hidden = !layer;
    if (!layer) return this.pause();
    const { frames, unit, text } = layer;
    this.text.textContent = text;
    this.text.style.minWidth = `${Math.max(...frames.map((frame) => frame.text.length))}ch`;
    this.element.setAttribute("aria-label", unit);
    this.element.dataset.number = layer.number;
    this.element.dataset.frames = frames.length;
    this.button.disabled = this.slider.disabled = frames.length < 2;
    if (!this.held) this.place();
  }
  place() {
    const { frames, unit, number: number2, text } = this.layer;
    const at = frames.findIndex((frame) => frame.number === number2);
    const last = frames.length - 1;
    this.slider.max = last;
    this.slider.value = at;
    this.slider.setAttribute("aria-label", unit);
    this.slider.setAttribute("aria-valuetext", text);
    this.slider.style.setProperty("--part", `${last ? 100 * at / last : 100}%`);
  }
  release() {
    this.held = false;
    if (this.layer) this.place();
  }
  choose(at) {
    const { frames } = this.layer;
    this.slider.style.setProperty("--part", `${100 * at / (frames.length - 1)}%`);
    return this.pick(at >= frames.length - 1 ? null : frames[at].number);
  }
  // From the start where it stands at the end; each is waited for.
  play() {
    const at = () => this.layer.frames.findIndex(({ number: number2 }) => number2 === this.layer.number);
    let next = at() >= this.layer.frames.length - 1 ? 0 : at() + 1;
    const step = async () => {
      const { timer } = this;
      await this.choose(next);
      if (this.timer !== timer) return;
      if (next >= this.layer.frames.length - 1) return this.pause();
      next += 1;
      this.timer = setTimeout(step, clamp(PLAY_MS / this.layer.frames.length, ...FRAME_MS));
    };
    this.timer = setTimeout(step, 0);
    this.showButton();
  }
  pause() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.showButton();
  }
  showButton() {
    const label = this.timer ? "Pause" : "Play";
    this.button.textContent = this.timer ? "❚❚" : "▶";
    this.button.setAttribute("aria-label", label);
    this.button.title = label;
  }
};

// actions.js
var ZOOM_STEP = 1.5;
var LINK = "M5.5 8.5a3 3 0 0 0 4.3 0l2.3-2.4a3 3 0 0 0-4.2-4.2L6.7 3M8.5 5.5a3 3 0 0 0-4.3 0L1.9 7.9a3 3 0 0 0 4.2 4.2L7.3 11";
var ARROWS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
var chooseMode = (mode) => ({
  id: `mode-${mode.name}`,
  title: mode.title,
  keys: mode.letter ? [mode.letter] : [],
  group: "How to compare",
  face: mode.title,
  // Where there is one label layer, as on Inspect, two are not compared: the bar has one row there.
  isShown: (viewer) => !mode.needsLabels || viewer.isPossible(mode),
  isOn: (viewer) => viewer.mode === mode,
  isEnabled: (viewer) => viewer.isPossible(mode),
  run: (viewer) => viewer.choose(mode)
});
var countPanes = (count) => ({
  id: `panes-${count}`,
  title: `${count} panes`,
  group: "In this mode",
  face: `${count}`,
  isShown: (viewer) => Boolean(viewer.mode.counts?.includes(count)),
  isOn: (viewer) => viewer.paneCount === count,
  run: (viewer) => viewer.setPaneCount(count)
});
var chooseTool = (tool) => ({
  id: `tool-${tool.name}`,
  title: tool.title,
  keys: [tool.letter],
  spoken: `${tool.letter.toUpperCase()} ${tool.spoken}`,
  group: "Tools",
  face: tool.face,
  isShown: (viewer) => tool.isShown?.(viewer.data ?? {}) ?? true,
  isOn: (viewer) => viewer.tool === tool,
  run: (viewer) => viewer.chooseTool(tool.name)
});
var isDrawing = (viewer) => Boolean(viewer.tool);
var counts = [...new Set(MODES.flatMap((mode) => mode.counts ?? []))];
var ACTIONS = [
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
    run: (viewer) => viewer.pause()
  },
  {
    id: "move-point",
    title: "Move the point; with Shift by ten pixels",
    keys: Object.keys(ARROWS),
    spoken: "Arrow keys move the point",
    isEnabled: isDrawing,
    run(viewer, event) {
      const step = event.shiftKey ? -10 : -1;
      viewer.moveAim(...ARROWS[event.key].map((way) => way * step));
    }
  },
  {
    id: "set-point",
    title: "Set the point",
    keys: ["Enter"],
    spoken: "Enter sets the point",
    isEnabled: isDrawing,
    run: (viewer) => viewer.setPoint()
  },
  {
    id: "drop-point",
    title: "Take the last point back",
    keys: ["Backspace", "Delete"],
    spoken: "Backspace takes the last point back",
    isEnabled: isDrawing,
    run: (viewer) => viewer.dropPoint()
  },
  {
    id: "end-tool",
    title: "End the drawing, then put the tool away",
    keys: ["Escape"],
    spoken: "Escape ends",
    isEnabled: isDrawing,
    run: (viewer) => viewer.endTool()
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
      const step = event.shiftKey ? 200 : 50;
      viewer.pan(...ARROWS[event.key].map((way) => way * step));
      viewer.pointAtCenter();
    }
  },
  {
    id: "zoom-out",
    title: "Zoom out",
    keys: ["-"],
    group: "Zoom",
    face: "−",
    run: (viewer) => viewer.zoomBy(1 / ZOOM_STEP)
  },
  {
    id: "zoom-in",
    title: "Zoom in",
    keys: ["+", "="],
    // "=" is "+" without Shift on most keyboards
    sign: "+ −",
    spoken: "plus and minus zoom",
    group: "Zoom",
    face: "+",
    run: (viewer) => viewer.zoomBy(ZOOM_STEP)
  },
  {
    id: "zoom-fit",
    title: "Fit the image",
    keys: ["0"],
    sign: "0",
    spoken: "0 fits",
    group: "Zoom",
    face: "Fit",
    run: (viewer) => viewer.fit()
  },
  {
    id: "zoom-one",
    title: "One screen pixel per image pixel",
    keys: ["1"],
    sign: "1",
    spoken: "1 shows one to one",
    group: "Zoom",
    face: "1:1",
    run: (viewer) => viewer.zoomTo(1)
  },
  {
    id: "fullscreen",
    title: "Full screen",
    keys: ["f"],
    group: "Zoom",
    face: cornersIcon,
    run: (viewer) => viewer.toggleFullscreen()
  },
  {
    id: "help",
    title: "Keys and gestures",
    keys: ["?"],
    sign: "?",
    spoken: "question mark lists all keys",
    group: "Zoom",
    face: "?",
    run: (viewer) => viewer.showHelp()
  },
  {
    id: "link",
    title: "Copy the address of this place",
    keys: ["l"],
    group: "Zoom",
    face: () => icon(LINK),
    isShown: (viewer) => Boolean(viewer.data?.linked),
    run: (viewer) => viewer.copyLink()
  },
  {
    id: "peek",
    title: "Hide the layers while held",
    keys: ["h"],
    hint: "hold H to hide layers",
    spoken: "H hides the layers while held",
    isEnabled: (viewer) => viewer.hasLayers,
    run: (viewer) => viewer.peek(true),
    release: (viewer) => viewer.peek(false)
  },
  {
    id: "select",
    title: "Pick the pixel",
    keys: ["Enter"],
    spoken: "Enter picks the pixel",
    isEnabled: (viewer) => viewer.isClickable && !isDrawing(viewer),
    run: (viewer) => viewer.selectPointed()
  },
  {
    id: "leave",
    title: "Give the wheel back to the page",
    keys: ["Escape"],
    isEnabled: (viewer) => !isDrawing(viewer),
    run: (viewer, event) => event.currentTarget.blur()
  }
];
var isShown = (action, viewer) => action.isShown?.(viewer) ?? true;
var isEnabled = (action, viewer) => isShown(action, viewer) && (action.isEnabled?.(viewer) ?? true);

// controls/help.js
var possible = (viewer) => ACTIONS.filter((action) => isEnabled(action, viewer));
function spokenHelp(viewer) {
  const phrases = possible(viewer).map(({ spoken }) => spoken);
  return `${phrases.filter(Boolean).join(", ")}.`;
}
var NAMES2 = {
  " ": "Space",
  Escape: "Esc",
  ArrowLeft: "←",
  ArrowRight: "→",
  ArrowUp: "↑",
  ArrowDown: "↓"
};
var nameOf = (key) => NAMES2[key] ?? (key.length === 1 ? key.toUpperCase() : key);
function helpRows(viewer) {
  const withKeys = possible(viewer).filter(({ keys }) => keys?.length);
  return withKeys.map(({ keys, title }) => [keys.filter((key) => key !== "=").map(nameOf).join(" "), title]);
}
function shortHelp(viewer, isTouch) {
  if (isTouch) return "Pinch or double-tap to zoom";
  const actions = possible(viewer).sort((a, b) => Boolean(b.group) - Boolean(a.group));
  const signs = actions.map(({ sign }) => sign).filter(Boolean);
  const hints = actions.map(({ hint }) => hint).filter(Boolean);
  return [`Click, then scroll to zoom. Keys: ${signs.join(" ")}`, ...hints].join("; ");
}

// controls/help_sheet.js
var GESTURES = [
  ["Drag", "Pan"],
  ["Wheel", "Zoom, after a click on the picture or with Ctrl or ⌘"],
  ["Double click", "Zoom in; with Shift, out"],
  ["Pinch", "Zoom, with two fingers"],
  ["With a tool", "Click or tap sets a point, or drag from one to the next; a double click or Esc ends, Enter sets the point that the arrow keys move, Backspace takes one back"],
  ["Divider", "Drag it, or focus it and use ← → Home End"],
  ["Alt + click on a class", "Only this class, or all again"]
];
var HelpSheet = class {
  constructor() {
    this.body = el("tbody");
    const close = el("button", {
      type: "button",
      "data-testid": "viewer-help-close",
      onclick: () => this.element.close()
    }, "Close");
    this.element = el(
      "dialog",
      {
        class: "sheet",
        "aria-label": "Keys and gestures",
        "data-testid": "viewer-help-sheet",
        onclick: (event) => event.target === this.element && this.element.close()
      },
      el(
        "div",
        {},
        el("h4", {}, "Keys and gestures"),
        el("table", {}, this.body),
        el("p", {}, "Keys work while the picture has the focus: click it, or reach it with Tab."),
        close
      )
    );
  }
  open(viewer) {
    const rows = [...helpRows(viewer), ...GESTURES];
    this.body.replaceChildren(...rows.map(([keys, text]) => el("tr", {}, el("th", { scope: "row" }, keys), el("td", {}, text))));
    this.element.showModal();
  }
};

// controls/keyboard.js
function actionForKey(key, viewer) {
  const plain = key.length === 1 ? key.toLowerCase() : key;
  return ACTIONS.find((action) => action.keys?.includes(plain) && isEnabled(action, viewer));
}
var Keyboard = class {
  constructor(viewer) {
    this.viewer = viewer;
  }
  down(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const action = actionForKey(event.key, this.viewer);
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    action.run(this.viewer, event);
  }
  up(event) {
    actionForKey(event.key, this.viewer)?.release?.(this.viewer);
  }
  // With the focus gone no key-up will come.
  releaseAll() {
    for (const action of ACTIONS) action.release?.(this.viewer);
  }
};

// layers/colormaps.js
var TABLES = {
  viridis: `
44015444025645045745055946075a46085c460a5d460b5e470d60470e61471063471164471365481467481668481769
48186a481a6c481b6d481c6e481d6f481f70482071482173482374482475482576482677482878482979472a7a472c7a
472d7b472e7c472f7d46307e46327e46337f463480453581453781453882443983443a83443b84433d84433e85423f85
4240864241864142874144874045884046883f47883f48893e49893e4a893e4c8a3d4d8a3d4e8a3c4f8a3c508b3b518b
3b528b3a538b3a548c39558c39568c38588c38598c375a8c375b8d365c8d365d8d355e8d355f8d34608d34618d33628d
33638d32648e32658e31668e31678e31688e30698e306a8e2f6b8e2f6c8e2e6d8e2e6e8e2e6f8e2d708e2d718e2c718e
2c728e2c738e2b748e2b758e2a768e2a778e2a788e29798e297a8e297b8e287c8e287d8e277e8e277f8e27808e26818e
26828e26828e25838e25848e25858e24868e24878e23888e23898e238a8d228b8d228c8d228d8d218e8d218f8d21908d
21918c20928c20928c20938c1f948c1f958b1f968b1f978b1f988b1f998a1f9a8a1e9b8a1e9c891e9d891f9e891f9f88
1fa0881fa1881fa1871fa28720a38620a48621a58521a68522a78522a88423a98324aa8325ab8225ac8226ad8127ad81
28ae8029af7f2ab07f2cb17e2db27d2eb37c2fb47c31b57b32b67a34b67935b77937b87838b9773aba763bbb753dbc74
3fbc7340bd7242be7144bf7046c06f48c16e4ac16d4cc26c4ec36b50c46a52c56954c56856c66758c7655ac8645cc863
5ec96260ca6063cb5f65cb5e67cc5c69cd5b6ccd5a6ece5870cf5773d05675d05477d1537ad1517cd2507fd34e81d34d
84d44b86d54989d5488bd6468ed64590d74393d74195d84098d83e9bd93c9dd93ba0da39a2da37a5db36a8db34aadc32
addc30b0dd2fb2dd2db5de2bb8de29bade28bddf26c0df25c2df23c5e021c8e020cae11fcde11dd0e11cd2e21bd5e21a
d8e219dae319dde318dfe318e2e418e5e419e7e419eae51aece51befe51cf1e51df4e61ef6e620f8e621fbe723fde725`,
  inferno: `
00000401000501010601010802010a02020c02020e03021004031204031405041706041907051b08051d09061f0a0722
0b07240c08260d08290e092b10092d110a30120a32140b34150b37160b39180c3c190c3e1b0c411c0c431e0c451f0c48
210c4a230c4c240c4f260c51280b53290b552b0b572d0b592f0a5b310a5c320a5e340a5f3609613809623909633b0964
3d09653e0966400a67420a68440a68450a69470b6a490b6a4a0c6b4c0c6b4d0d6c4f0d6c510e6c520e6d540f6d550f6d
57106e59106e5a116e5c126e5d126e5f136e61136e62146e64156e65156e67166e69166e6a176e6c186e6d186e6f196e
71196e721a6e741a6e751b6e771c6d781c6d7a1d6d7c1d6d7d1e6d7f1e6c801f6c82206c84206b85216b87216b88226a
8a226a8c23698d23698f24699025689225689326679526679727669827669a28659b29649d29649f2a63a02a63a22b62
a32c61a52c60a62d60a82e5fa92e5eab2f5ead305dae305cb0315bb1325ab3325ab43359b63458b73557b93556ba3655
bc3754bd3853bf3952c03a51c13a50c33b4fc43c4ec63d4dc73e4cc83f4bca404acb4149cc4248ce4347cf4446d04545
d24644d34743d44842d54a41d74b3fd84c3ed94d3dda4e3cdb503bdd513ade5238df5337e05536e15635e25734e35933
e45a31e55c30e65d2fe75e2ee8602de9612bea632aeb6429eb6628ec6726ed6925ee6a24ef6c23ef6e21f06f20f1711f
f1731df2741cf3761bf37819f47918f57b17f57d15f67e14f68013f78212f78410f8850ff8870ef8890cf98b0bf98c0a
f98e09fa9008fa9207fa9407fb9606fb9706fb9906fb9b06fb9d07fc9f07fca108fca309fca50afca60cfca80dfcaa0f
fcac11fcae12fcb014fcb216fcb418fbb61afbb81dfbba1ffbbc21fbbe23fac026fac228fac42afac62df9c72ff9c932
f9cb35f8cd37f8cf3af7d13df7d340f6d543f6d746f5d949f5db4cf4dd4ff4df53f4e156f3e35af3e55df2e661f2e865
f2ea69f1ec6df1ed71f1ef75f1f179f2f27df2f482f3f586f3f68af4f88ef5f992f6fa96f8fb9af9fc9dfafda1fcffa4`,
  cividis: `
00224e00234f00245100255300255400265600275800285900285b00295d002a5f002a61002b62002c64002c66002d68
002e6a002e6c002f6d00306f0030700031700031710132710533710833700c34700f357012357014367016377018376f
1a386f1c396f1e3a6f203a6f213b6e233c6e243c6e263d6e273e6e293f6e2a3f6d2b406d2d416d2e416d2f426d31436d
32436d33446d34456c35456c36466c38476c39486c3a486c3b496c3c4a6c3d4a6c3e4b6c3f4c6c404c6c414d6c424e6c
434e6c444f6c45506c46516c47516c48526c49536c4a536c4b546c4c556c4d556c4e566c4f576c50576c51586d52596d
535a6d545a6d555b6d555c6d565c6d575d6d585e6d595e6e5a5f6e5b606e5c616e5d616e5e626e5e636f5f636f60646f
61656f62656f636670646770656870656870666970676a71686a71696b716a6c716b6d726c6d726c6e726d6f726e6f73
6f70737071737172747272747273747374757474757575757676767777767777777878777979777a7a787b7a787c7b78
7d7c787e7c787e7d787f7e78807f78817f788280798381798482798582798683798784788885788985788a86788b8778
8c88788d88788e89788f8a78908b78918b78928c78928d78938e78948e77958f779690779791779892779992779a9376
9b94769c95769d95769e96769f9775a09875a19975a29975a39a74a49b74a59c74a69c74a79d73a89e73a99f73aaa073
aba072aca172ada272aea371afa471b0a571b1a570b3a670b4a76fb5a86fb6a96fb7a96eb8aa6eb9ab6dbaac6dbbad6d
bcae6cbdae6cbeaf6bbfb06bc0b16ac1b26ac2b369c3b369c4b468c5b568c6b667c7b767c8b866c9b965cbb965ccba64
cdbb63cebc63cfbd62d0be62d1bf61d2c060d3c05fd4c15fd5c25ed6c35dd7c45cd9c55cdac65bdbc75adcc859ddc858
dec958dfca57e0cb56e1cc55e2cd54e4ce53e5cf52e6d051e7d150e8d24fe9d34eead34cebd44bedd54aeed649efd748
f0d846f1d945f2da44f3db42f5dc41f6dd3ff7de3ef8df3cf9e03afbe138fce236fde334fee434fee535fee636fee838`
};
var MAPS = Object.keys(TABLES);
var parsed = /* @__PURE__ */ new Map();
function colorMap(name) {
  if (!parsed.has(name)) {
    const digits2 = TABLES[name].replaceAll("\n", "");
    const byte = (at) => Number.parseInt(digits2.slice(at, at + 2), 16);
    const colors = Array.from({ length: 256 }, (_, i) => [0, 2, 4].map((at) => byte(6 * i + at)));
    parsed.set(name, colors);
  }
  return parsed.get(name);
}

// controls/values.js
var STOPS = 16;
function colorBar({ title, colors, low, high, text }) {
  const map = colorMap(colors);
  const stops = Array.from({ length: STOPS + 1 }, (_, i) => cssColor(map[Math.round(255 * i / STOPS)]));
  const bar = el("div", { class: "bar" });
  bar.style.backgroundImage = `linear-gradient(to right, ${stops.join(", ")})`;
  const label = `${title}: colours from ${text(low)} to ${text(high)}`;
  return el(
    "div",
    { class: "color-bar", role: "img", "aria-label": label },
    bar,
    el("span", {}, text(low)),
    el("span", {}, text(high))
  );
}
var ThresholdRow = class {
  // `limit(key, value)`
  constructor(layer, limit) {
    const { key, threshold, low, high } = layer;
    this.slider = el("input", {
      type: "range",
      min: low,
      max: high,
      step: (high - low) / 100,
      "data-testid": `viewer-threshold-${key}`,
      "aria-label": threshold.title,
      oninput: () => limit(key, Number(this.slider.value))
    });
    this.value = el("output", { class: "percent" });
    this.share = el("span", { "data-testid": `viewer-unsure-${key}` });
    this.element = el(
      "div",
      { class: "threshold" },
      el("span", { class: "name" }, threshold.title),
      el("div", { class: "opacity" }, this.slider, this.value),
      el(
        "p",
        { class: "note" },
        el("span", { class: "swatch hatched", "aria-hidden": "true" }),
        this.share
      )
    );
  }
  // `layer`: as it is now, with its picture.
  show(layer, value) {
    const { low, high } = layer;
    const part = 100 * (value - low) / (high - low);
    this.slider.value = value;
    this.slider.style.setProperty("--part", `${part}%`);
    this.slider.setAttribute("aria-valuetext", layer.text(value));
    this.value.textContent = value.toFixed(2);
    const share2 = layer.picture?.shareBelow(layer.codeOf(value)) ?? 0;
    this.share.textContent = `unsure: ${(100 * share2).toFixed(1)}% of the pixels`;
  }
};

// controls/look.js
var STEPS = 200;
var SLIDERS = [
  ["from", "First colour at"],
  ["to", "Last colour at"],
  ["least", "Hide below"]
];
var LookRow = class {
  // `set(key, look)`; a look is as layers/values.js has it.
  constructor(layer, set) {
    this.layer = layer;
    const { key, title, low, high } = layer;
    const change = (name, value) => set(key, moved(this.look, name, value));
    this.menu = el(
      "select",
      {
        class: "pick",
        "data-testid": `viewer-colors-${key}`,
        "aria-label": `Colours of ${title}`,
        onchange: () => change("colors", this.menu.value)
      },
      ...MAPS.map((name) => el("option", { value: name }, name))
    );
    this.sliders = SLIDERS.map(([name, label]) => {
      const slider = el("input", {
        type: "range",
        min: low,
        max: high,
        step: (high - low) / STEPS,
        "data-testid": `viewer-${name}-${key}`,
        "aria-label": `${label}, ${title}`,
        oninput: () => change(name, Number(slider.value))
      });
      const value = el("output", { class: "percent" });
      return { name, label, slider, value };
    });
    this.bar = el("div");
    const rows = this.sliders.map(({ label, slider, value }) => el("div", { class: "opacity" }, el("span", { class: "name" }, label), slider, value));
    this.element = el(
      "details",
      { class: "look" },
      el("summary", {}, this.bar),
      this.menu,
      ...rows
    );
  }
  show(look) {
    this.look = look;
    const { layer } = this;
    const { colors, from, to } = look;
    const ends = {
      low: `${from > layer.low ? "≤ " : ""}${layer.text(from)}`,
      high: `${to < layer.high ? "≥ " : ""}${layer.text(to)}`
    };
    this.bar.replaceChildren(colorBar({ title: layer.title, colors, ...ends, text: String }));
    this.menu.value = colors;
    for (const { name, slider, value } of this.sliders) {
      const part = 100 * (look[name] - layer.low) / (layer.high - layer.low);
      slider.value = look[name];
      slider.style.setProperty("--part", `${part}%`);
      slider.setAttribute("aria-valuetext", layer.text(look[name]));
      value.textContent = layer.text(look[name]);
    }
  }
};
function moved(look, name, value) {
  const next = { ...look, [name]: value };
  if (name === "from") next.to = Math.max(next.to, value);
  if (name === "to") next.from = Math.min(next.from, value);
  return next;
}

// controls/panel.js
var Panel = class {
  // `on`: show(key, visible), fade(key, opacity), limit(key, value), toggle(index),
  // isolate(index), hide(indices).
  // `first`: sections that stand above them.
  constructor(on, first = []) {
    this.on = on;
    this.first = first;
    this.built = null;
    this.element = el("div", { class: "panel", hidden: true });
  }
  // Rebuilt only when layers or classes are others, so a rerun takes no focus away.
  build(layers, classes) {
    const wanted = JSON.stringify([layers.map(({ key, title, note, low, high, colors, threshold, adjusts }) => [key, title, note, low, high, colors, threshold, adjusts]), classes]);
    if (wanted === this.built) return;
    this.built = wanted;
    this.layerRows = new Map(layers.map((layer) => [layer.key, this.layerRow(layer)]));
    this.classRows = classes.map((entry, index) => this.classRow(entry, index));
    const sections = [];
    if (layers.length) {
      sections.push(el(
        "section",
        { "aria-label": "Layers" },
        el("h4", {}, "Layers"),
        ...[...this.layerRows.values()].map(({ row }) => row)
      ));
    }
    if (classes.length) {
      const all = (text, indices) => el("button", {
        type: "button",
        class: "link",
        "data-testid": `viewer-classes-${text}`,
        onclick: () => this.on.hide(indices)
      }, text);
      sections.push(el(
        "section",
        { "aria-label": "Classes" },
        el("h4", {}, "Classes", all("all", []), all("none", [...classes.keys()])),
        el("div", { class: "classes" }, ...this.classRows.map(({ row }) => row))
      ));
    }
    this.element.replaceChildren(...this.first, ...sections);
    this.element.hidden = !sections.length;
  }
  layerRow(layer) {
    const { key, title, note } = layer;
    const check = el("input", {
      type: "checkbox",
      "data-testid": `viewer-layer-${key}`,
      onchange: () => this.on.show(key, check.checked)
    });
    const slider = el("input", {
      type: "range",
      min: 0,
      max: 100,
      step: 1,
      "data-testid": `viewer-opacity-${key}`,
      "aria-label": `Opacity of ${title}`,
      oninput: () => this.on.fade(key, slider.value / 100)
    });
    const percent = el("output", { class: "percent" });
    const row = el(
      "div",
      { class: "layer" },
      el("label", { title }, check, el("span", { class: "name" }, title)),
      el("div", { class: "opacity" }, slider, percent),
      ...note ? [el("p", { class: "note" }, note)] : [],
      ...layer.colors && !layer.adjusts ? [colorBar(layer)] : []
    );
    const look = layer.adjusts ? new LookRow(layer, this.on.color) : null;
    if (look) row.append(look.element);
    const limit = layer.threshold ? new ThresholdRow(layer, this.on.limit) : null;
    if (limit) row.append(limit.element);
    return { row, check, slider, percent, limit, look };
  }
  classRow({ name, color }, index) {
    const isolate = () => this.on.isolate(index);
    const button = el(
      "button",
      {
        type: "button",
        class: "class",
        title: `Show or hide ${name}`,
        "data-testid": `viewer-class-${index}`,
        onclick: (event) => event.altKey ? isolate() : this.on.toggle(index)
      },
      swatch(color),
      el("span", { class: "name" }, name)
    );
    const only = el("button", {
      type: "button",
      class: "link only",
      onclick: isolate,
      "data-testid": `viewer-only-${index}`,
      "aria-label": `Show only ${name}`
    }, "only");
    return { row: el("div", { class: "class-row" }, button, only), button };
  }
  // As the state has it; `shown`: the layers with their pictures.
  show({ layers, off, thresholds, looks }, shown) {
    const of = new Map(shown.map((layer) => [layer.key, layer]));
    for (const [key, { check, slider, percent, row, limit, look }] of this.layerRows) {
      const { visible, opacity } = layers.get(key);
      look?.show(looks.get(key));
      limit?.show(of.get(key), thresholds.get(key));
      const text = Math.round(opacity * 100);
      check.checked = visible;
      slider.value = text;
      slider.style.setProperty("--part", `${text}%`);
      percent.textContent = `${text}%`;
      row.classList.toggle("off", !visible);
    }
    this.classRows.forEach(({ button }, i) => button.setAttribute("aria-pressed", !off.has(i)));
  }
};

// controls/readout.js
var GONE = "the server does not have the image at hand any more: reload the page";
function readings(layers, { x, y }, size, legend) {
  const rows = layers.flatMap((layer) => {
    const value = layer.valueAt(x, y, size);
    if (value === void 0) return [{ title: layer.title, text: "…", label: null }];
    return value === null ? [] : [{ title: layer.title, ...layer.describe(value, legend, { x, y, size }) }];
  });
  const isLabel = (label) => label !== null && label !== void 0;
  const reference = rows.map(({ label }) => label).find(isLabel);
  return rows.map((row) => ({ ...row, differs: isLabel(row.label) && row.label !== reference }));
}
var Readout = class {
  constructor() {
    this.line = el("div", { class: "readout", "data-testid": "viewer-readout" });
    this.bands = el("dl", {
      class: "bands",
      "data-testid": "viewer-bands",
      hidden: true,
      "aria-label": "Values of the image"
    });
    this.element = el("div", {}, this.line, this.bands);
    this.names = null;
  }
  // Room for the longest class name, so that nothing moves from pixel to pixel.
  reserve(classes) {
    const longest = Math.max(4, ...classes.map(({ name }) => name.length));
    this.line.style.setProperty("--class-width", `${longest}ch`);
  }
  // `source`: {names, digits} of the image's bands; null where its values are not to be had. All
  // that changes from pixel to pixel are the values, so that nothing moves.
  showBands(source, pixel, known2) {
    this.bands.hidden = !source;
    if (!source) return;
    const names = JSON.stringify([source.names, source.digits]);
    if (names !== this.names) {
      this.names = names;
      this.values = source.names.map(() => el("dd"));
      this.flag = el("dd", { class: "no-data" });
      this.bands.style.setProperty("--digits", `${source.digits}ch`);
      this.bands.replaceChildren(
        ...source.names.map((name, i) => el("div", {}, el("dt", {}, name), this.values[i])),
        el("div", {}, el("dt", { class: "unseen" }, "Data"), this.flag)
      );
    }
    this.values.forEach((value, i) => value.textContent = known2?.values[i] ?? "–");
    this.flag.textContent = known2 === null ? GONE : known2?.data === false ? "no data" : "";
    if (pixel && known2) this.bands.dataset.at = `${pixel.x},${pixel.y}`;
    else delete this.bands.dataset.at;
  }
  // `map`: where it is on the ground, in words; empty where that is unknown.
  showPixel({ x, y }, map, rows) {
    this.line.replaceChildren(
      el("span", { class: "where" }, `x ${x} `, el("span", { class: "y" }, `y ${y}`)),
      ...rows.map(reading),
      ...map ? [el("span", { class: "map", "data-testid": "viewer-map" }, map)] : []
    );
  }
  // `sent`: the picture as it came, which may be smaller than the image.
  showSize(size, sent, help) {
    const shrunk = sent.width < size[0] || sent.height < size[1];
    const shown = shrunk ? `, shown with ${sent.width} × ${sent.height}` : "";
    this.line.replaceChildren(
      el("span", { class: "where" }, `${size[0]} × ${size[1]} px${shown}`),
      el("span", { class: "help" }, help)
    );
  }
};
function reading({ title, text, color, differs }) {
  return el(
    "span",
    { class: "value" },
    el("span", { class: "title" }, title),
    el("span", { class: "flag", title: differs ? "Differs" : "" }, differs ? "≠" : ""),
    swatch(color),
    el("span", { class: "class-name" }, text)
  );
}

// controls/toolbar.js
var isWord = (face) => typeof face === "string" && /\w/.test(face);
var Toolbar = class {
  constructor(viewer) {
    this.viewer = viewer;
    this.buttons = /* @__PURE__ */ new Map();
    this.zoomText = el("output", { class: "zoom", title: "Screen pixels per image pixel" });
    this.element = el(
      "div",
      { class: "toolbar" },
      this.group("How to compare"),
      this.group("In this mode"),
      this.group("Tools"),
      el("div", { class: "zoomers" }, this.zoomText, this.group("Zoom"))
    );
  }
  group(title) {
    const actions = ACTIONS.filter(({ group }) => group === title);
    return el(
      "div",
      { class: "group", role: "group", "aria-label": title },
      ...actions.map((action) => this.button(action))
    );
  }
  button(action) {
    const { id, title, face } = action;
    const hint = face === title ? null : title;
    const label = hint && isWord(face) ? `${face}: ${hint}` : hint;
    const button = el(
      "button",
      {
        type: "button",
        "data-testid": `viewer-${id}`,
        title: hint,
        "aria-label": label,
        onclick: (event) => action.run(this.viewer, event)
      },
      typeof face === "function" ? face() : face
    );
    this.buttons.set(action, button);
    return button;
  }
  show() {
    for (const [action, button] of this.buttons) {
      if (action.isOn) button.setAttribute("aria-pressed", action.isOn(this.viewer));
      button.disabled = !isEnabled(action, this.viewer);
      button.hidden = !isShown(action, this.viewer);
    }
    for (const group of this.element.querySelectorAll(".group")) {
      group.hidden = [...group.children].every(({ hidden }) => hidden);
    }
  }
  showZoom(zoom) {
    this.zoomText.textContent = `${Math.round(zoom * 100)}%`;
  }
};

// ground.js
var BAR_MOST = 120;
function mapPosition({ grid: [a, b, c, d, e, f] }, { x, y }) {
  const [column, row] = [x + 0.5, y + 0.5];
  return [a * column + b * row + c, d * column + e * row + f];
}
function mapText(ground, pixel) {
  const [a, , , d] = ground.grid;
  const step = Math.hypot(a, d) / 10;
  const digits2 = Math.min(8, Math.max(0, Math.ceil(-Math.log10(step))));
  const [x, y] = mapPosition(ground, pixel).map((value) => value.toFixed(digits2));
  const text = ground.degrees ? `${y}° N ${x}° E` : `E ${x} N ${y}`;
  return ground.crs ? `${text} (${ground.crs})` : text;
}
function scaleBar([metres], zoom) {
  const most = metres * BAR_MOST / zoom;
  const power = 10 ** Math.floor(Math.log10(most));
  const length = [5, 2, 1].find((times) => times * power <= most * (1 + 1e-9)) * power;
  return { text: lengthText2(length), width: length / metres * zoom };
}
function lengthText2(metres) {
  const number2 = (value) => value.toLocaleString("en", { maximumSignificantDigits: 1 });
  if (metres >= 1e3) return `${number2(metres / 1e3)} km`;
  return metres >= 1 ? `${number2(metres)} m` : `${number2(metres * 100)} cm`;
}

// layers/frames.js
function withFrame(layer, number2) {
  const { frames } = layer;
  if (!frames) return layer;
  const before = number2 === null ? frames : frames.filter((frame) => frame.number <= number2);
  return { ...layer, ...before.at(-1) ?? frames[0] };
}

// layers/labels.js
var LabelLayer = class {
  static decode(bitmap) {
    return new LabelPicture(bitmap);
  }
  constructor({ key, title, note }, picture) {
    this.key = key;
    this.title = title;
    this.note = note;
    this.picture = picture;
    this.usesClasses = true;
  }
  // Never smoothed: that would invent colours that stand for no class.
  draw(surface, { table, unsure }) {
    const limit = unsure?.get(this.key);
    drawPainted(surface, this.picture, (part, tile) => part.paint(table, limit?.of(tile)));
  }
  valueAt(x, y, size) {
    return sampled(this.picture, "indices", { x, y, size }, VOID);
  }
  // Void says nothing about the ground, so it disagrees with nothing.
  describe(value, { classes, unsure }, at) {
    if (value === VOID) return { text: "void", label: null };
    const { name, color } = classes[value] ?? { name: `${value} (no class)` };
    const limit = unsure?.get(this.key);
    const isUnsure = limit ? limit.isAt(at.x, at.y, at.size) : false;
    const note = isUnsure === void 0 ? " …" : isUnsure ? " (unsure)" : "";
    return { text: name + note, color, label: value };
  }
};
var LabelPicture = class {
  constructor(bitmap) {
    this.width = bitmap.width;
    this.height = bitmap.height;
    this.source = el("canvas", { width: bitmap.width, height: bitmap.height });
    this.context = this.source.getContext("2d", { willReadFrequently: true });
    this.context.drawImage(bitmap, 0, 0);
    bitmap.close();
    this.painted = this.context.getImageData(0, 0, this.width, this.height);
    this.indices = new Uint8Array(this.width * this.height);
    for (let i = 0; i < this.indices.length; i++) this.indices[i] = this.painted.data[4 * i];
    this.table = this.unsure = null;
    this.bytes = 9 * this.indices.length;
  }
  // `unsure`: see unsure.js; undefined where all are sure.
  paint(table, unsure) {
    if (this.table === table && this.unsure === unsure) return;
    Object.assign(this, { table, unsure });
    const out = new Uint32Array(this.painted.data.buffer);
    for (let i = 0; i < out.length; i++) out[i] = table[this.indices[i]];
    unsure?.hatch(out, this);
    this.context.putImageData(this.painted, 0, 0);
  }
  close() {
    this.source.width = this.source.height = 0;
  }
};

// layers/values.js
var ValueLayer = class {
  static most = 255;
  // the highest code
  static decode(bitmap) {
    return new ValuePicture(bitmap, 255);
  }
  // `picture`: undefined while it is not needed, see pictures.js.
  constructor({ key, title, note, range, unit, colors, threshold, look }, picture) {
    this.key = key;
    this.title = title;
    this.note = note;
    this.picture = picture;
    this.usesClasses = false;
    [this.low, this.high] = range ?? [0, 1];
    this.unit = unit ?? "";
    this.colors = colors ?? "viridis";
    this.threshold = threshold ?? null;
    this.adjusts = Boolean(look);
  }
  // How its values are coloured: {colors, from, to, least}; the two ends of the colour map, and the
  // value below which nothing is painted.
  look(legend) {
    const own = { colors: this.colors, from: this.low, to: this.high, least: this.low };
    return legend?.looks?.get(this.key) ?? own;
  }
  // Never smoothed where enlarged: a value is one pixel's.
  draw(surface, legend) {
    const table = tableOf(this, this.look(legend));
    drawPainted(surface, this.picture, (part) => part.paint(table));
  }
  valueAt(x, y, size) {
    const code = sampled(this.picture, "codes", { x, y, size });
    return code === 0 ? null : code;
  }
  describe(code, legend) {
    const look = this.look(legend);
    const value = this.valueOf(code);
    return { text: this.text(value), color: colorAt(look, value) };
  }
  valueOf(code) {
    return this.low + (code - 1) / this.steps * (this.high - this.low);
  }
  get steps() {
    return this.constructor.most - 1;
  }
  // The smallest code that is not below a value.
  codeOf(value) {
    return 1 + Math.ceil((value - this.low) / (this.high - this.low) * this.steps - 1e-9);
  }
  // A value in words, with as many digits as the codes can tell apart.
  text = (value) => {
    const step = (this.high - this.low) / this.steps;
    const digits2 = Math.min(6, Math.max(0, Math.ceil(-Math.log10(step))));
    return `${value.toFixed(digits2)}${this.unit && ` ${this.unit}`}`;
  };
};
var DeepValueLayer = class extends ValueLayer {
  static most = 65535;
  static decode(bitmap) {
    return new ValuePicture(bitmap, 65535);
  }
};
function colorAt({ colors, from, to }, value) {
  const share2 = from < to ? (value - from) / (to - from) : Number(value >= to);
  return colorMap(colors)[Math.round(255 * clamp(share2, 0, 1))];
}
var tables = /* @__PURE__ */ new Map();
function tableOf(layer, look) {
  const key = JSON.stringify([layer.constructor.most, layer.low, layer.high, look]);
  if (!tables.has(key)) tables.set(key, makeTable(layer, look));
  if (tables.size > 16) tables.delete(tables.keys().next().value);
  return tables.get(key);
}
function makeTable(layer, look) {
  const { most } = layer.constructor;
  const table = new Uint32Array(most + 1);
  const bytes = new Uint8Array(table.buffer);
  const slack = (layer.high - layer.low) / layer.steps / 2;
  for (let code = 1; code <= most; code++) {
    const value = layer.valueOf(code);
    if (value >= look.least - slack) bytes.set([...colorAt(look, value), 255], 4 * code);
  }
  return table;
}
var ValuePicture = class {
  // `most`: the highest code. Above 255 the high byte is red and the low byte green.
  constructor(bitmap, most) {
    this.width = bitmap.width;
    this.height = bitmap.height;
    this.most = most;
    this.source = el("canvas", { width: bitmap.width, height: bitmap.height });
    this.context = this.source.getContext("2d", { willReadFrequently: true });
    this.context.drawImage(bitmap, 0, 0);
    bitmap.close();
    this.painted = this.context.getImageData(0, 0, this.width, this.height);
    const { data } = this.painted;
    this.codes = new (most > 255 ? Uint16Array : Uint8Array)(this.width * this.height);
    this.counts = new Uint32Array(most + 1);
    for (let i = 0; i < this.codes.length; i++) {
      this.codes[i] = most > 255 ? 256 * data[4 * i] + data[4 * i + 1] : data[4 * i];
      this.counts[this.codes[i]]++;
    }
    this.table = null;
    this.bytes = 10 * this.codes.length;
  }
  // The share of the pixels with a value whose code is below one.
  shareBelow(code) {
    const sum2 = (counts2) => counts2.reduce((total, pixels2) => total + pixels2, 0);
    return sum2(this.counts.slice(1, code)) / (sum2(this.counts.slice(1)) || 1);
  }
  // `table`: colours by code.
  paint(table) {
    if (this.table === table) return;
    this.table = table;
    const out = new Uint32Array(this.painted.data.buffer);
    for (let i = 0; i < out.length; i++) out[i] = table[this.codes[i]];
    this.context.putImageData(this.painted, 0, 0);
  }
  close() {
    this.source.width = this.source.height = 0;
  }
};

// layers/kinds.js
var KINDS = {
  image: PictureLayer,
  rgba: PictureLayer,
  labels: LabelLayer,
  values: ValueLayer,
  values16: DeepValueLayer
};

// layers/unsure.js
var HATCH = [[40, 40, 40, 255], [225, 225, 225, 255]];
var [DARK, LIGHT] = new Uint32Array(Uint8Array.from(HATCH.flat()).buffer);
var STRIPES = 150;
var Unsure = class {
  // `layer`: of values; `threshold`: in its unit.
  constructor(layer, threshold) {
    this.picture = layer.picture;
    this.code = layer.codeOf(threshold);
    this.parts = /* @__PURE__ */ new Map();
  }
  // Of a tile, of which the same is given as long as its values are; undefined where they are not
  // there, or there are none. Of a whole picture itself.
  of(tile) {
    if (!tile) return this;
    const picture = this.picture.isTiled ? this.picture.get(tile) : void 0;
    if (!picture?.codes) return void 0;
    if (!this.parts.has(picture)) this.parts.set(picture, { ...this, picture, hatch: this.hatch });
    return this.parts.get(picture);
  }
  // Undefined while the tile that has it is on its way.
  isAt(x, y, size) {
    const code = sampled(this.picture, "codes", { x, y, size });
    return code === void 0 ? void 0 : code > 0 && code < this.code;
  }
  // Over the painted labels of a picture of that size; what is not painted stays so.
  hatch(out, { width, height }) {
    const { picture, code } = this;
    const { codes } = picture;
    const period = Math.max(4, 2 * Math.round(Math.max(width, height) / STRIPES / 2));
    const columns = Uint32Array.from({ length: width }, (_, x) => Math.floor((x + 0.5) * picture.width / width));
    for (let y = 0, i = 0; y < height; y++) {
      const row = picture.width * Math.floor((y + 0.5) * picture.height / height);
      for (let x = 0; x < width; x++, i++) {
        const at = codes[row + columns[x]];
        if (at && at < code && out[i]) out[i] = (x + y) % period < period / 2 ? DARK : LIGHT;
      }
    }
  }
};

// downloads.js
var Downloads = class {
  constructor() {
    this.blobs = /* @__PURE__ */ new Map();
    this.wanted = [];
    this.busy = false;
  }
  get(digest, src) {
    if (!this.blobs.has(digest)) {
      const fetched = fetch(src).then((answer) => {
        if (!answer.ok) throw new Error(`${answer.status} for ${src}`);
        return answer.blob();
      });
      this.blobs.set(digest, fetched);
      fetched.catch(() => this.blobs.delete(digest));
    }
    return this.blobs.get(digest);
  }
  keep(pictures) {
    this.wanted = pictures.filter(({ src }) => !src.startsWith("data:"));
    const digests = new Set(this.wanted.map(({ digest }) => digest));
    for (const digest of this.blobs.keys()) if (!digests.has(digest)) this.blobs.delete(digest);
    return this.fetchOthers();
  }
  async fetchOthers() {
    if (this.busy) return;
    this.busy = true;
    const tried = /* @__PURE__ */ new Set();
    for (; ; ) {
      const next = this.wanted.find(({ digest }) => !this.blobs.has(digest) && !tried.has(digest));
      if (!next) break;
      tried.add(next.digest);
      await this.get(next.digest, next.src).catch(() => null);
    }
    this.busy = false;
  }
};

// tiles/grid.js
var levelSize = ({ size }, level) => size.map((length) => Math.ceil(length / 2 ** level));
function levelFor({ levels }, scale, isSmooth) {
  const exact = -Math.log2(scale);
  const level = isSmooth ? Math.floor(exact + 1e-9) : Math.ceil(exact - 1e-9);
  return clamp(level, 0, levels - 1);
}
function shownRegion(pyramid, level, place2, [left, top, right, bottom], margin) {
  const along = (axis, from, to, start, length) => {
    const step = pyramid.size[axis] / length / 2 ** level;
    const low = Math.floor((Math.max(from, start) - start) * step + 1e-6) - margin;
    const high = Math.ceil((Math.min(to, start + length) - start) * step - 1e-6) + margin;
    return [low, high];
  };
  const [x0, x1] = along(0, left, right, place2.left, place2.width);
  const [y0, y1] = along(1, top, bottom, place2.top, place2.height);
  return [x0, y0, x1, y1];
}
function onPane({ size }, level, place2, [x, y]) {
  const step = 2 ** level;
  const [width, height] = [step * place2.width / size[0], step * place2.height / size[1]];
  return { left: place2.left + x * width, top: place2.top + y * height, width, height };
}
function tilesIn(pyramid, level, [x0, y0, x1, y1]) {
  const { side: side3 } = pyramid;
  const [width, height] = levelSize(pyramid, level);
  const tiles = [];
  for (let row = Math.max(0, Math.floor(y0 / side3)); row * side3 < Math.min(y1, height); row++) {
    for (let column = Math.max(0, Math.floor(x0 / side3)); column * side3 < Math.min(x1, width); column++) {
      tiles.push({ level, row, column });
    }
  }
  return tiles;
}
function regionOf(pyramid, { level, row, column }) {
  const { side: side3 } = pyramid;
  const [width, height] = levelSize(pyramid, level);
  const [left, top] = [column * side3, row * side3];
  return [left, top, Math.min(width, left + side3), Math.min(height, top + side3)];
}
var above = ({ level, row, column }, up) => ({ level: level + up, row: row >> up, column: column >> up });
function tileOf({ side: side3 }, { x, y }) {
  const tile = { level: 0, row: Math.floor(y / side3), column: Math.floor(x / side3) };
  return { tile, x: x % side3, y: y % side3 };
}

// tiles/store.js
var MOST_BYTES = 256 * 1024 ** 2;
var AT_ONCE = 8;
var POINT_MS = 120;
var EMPTY = { bytes: 0, close() {
} };
var Refusal = class extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
};
var TileStore = class {
  // `changed()`: tiles have come; `failed(text)`: one cannot be had, in words.
  // `read(blob)`: a promise of a bitmap; `againMs`: after which a busy server is asked once more.
  constructor({ changed, failed, read, mostBytes = MOST_BYTES, againMs = 1e3 }) {
    Object.assign(this, { changed, failed, read, mostBytes, againMs });
    this.tiles = /* @__PURE__ */ new Map();
    this.bytes = 0;
    this.loading = /* @__PURE__ */ new Map();
    this.lost = /* @__PURE__ */ new Map();
    this.wanted = /* @__PURE__ */ new Map();
    this.points = /* @__PURE__ */ new Map();
    this.timer = 0;
  }
  // Undefined where it is not there yet.
  get(key) {
    const tile = this.tiles.get(key);
    if (!tile) return void 0;
    this.tiles.delete(key);
    this.tiles.set(key, tile);
    return tile;
  }
  // All that the screen needs just now; what was asked for and is not needed is dropped.
  want(tiles) {
    this.wanted = new Map(tiles.map((tile) => [tile.key, tile]));
    for (const tile of this.points.values()) this.wanted.set(tile.key, tile);
    for (const [key, controller] of this.loading) if (!this.wanted.has(key)) controller.abort();
    this.evict();
    this.fetchNext();
  }
  // Besides, once the pointer rests: one tile of each picture, named by `of`.
  wantPoint(of, tile) {
    if (this.points.get(of)?.key === tile.key) return;
    this.points.set(of, tile);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      for (const each of this.points.values()) this.wanted.set(each.key, each);
      this.fetchNext();
    }, POINT_MS);
  }
  // The number of tiles that are wanted and have not come.
  get pending() {
    let count = 0;
    for (const key of this.wanted.keys()) if (!this.tiles.has(key) && !this.lost.has(key)) count++;
    return count;
  }
  fetchNext() {
    for (const tile of this.wanted.values()) {
      if (this.loading.size >= AT_ONCE) return;
      const { key } = tile;
      const mayAsk = (this.lost.get(key) ?? 0) <= Date.now();
      if (!this.tiles.has(key) && !this.loading.has(key) && mayAsk) this.fetch(tile);
    }
  }
  async fetch(tile) {
    const { key } = tile;
    const controller = new AbortController();
    this.loading.set(key, controller);
    const { signal } = controller;
    const picture = await this.load(tile, signal).catch((error) => {
      this.report(key, error, signal);
    });
    this.loading.delete(key);
    if (picture && !signal.aborted) this.put(key, picture);
    else picture?.close();
    this.fetchNext();
    if (!signal.aborted) this.changed();
  }
  async load({ src, decode }, signal) {
    const answer = await fetch(src, { signal });
    if (!answer.ok) throw new Refusal(answer.status, await answer.text());
    const blob = answer.status === 204 ? null : await answer.blob();
    return blob?.size ? decode(await this.read(blob)) : EMPTY;
  }
  report(key, error, { aborted }) {
    if (aborted) return;
    this.lose(key, error.status);
    if (error.status === 503) return;
    if (!(error instanceof Refusal)) console.error("compare viewer:", error);
    this.failed(error instanceof Refusal ? error.message : "The server does not answer, or what it sends cannot be read.");
  }
  // A busy server is asked again; what cannot be had is not, until the pictures are others.
  lose(key, status) {
    if (status !== 503) return this.lost.set(key, Infinity);
    this.lost.set(key, Date.now() + this.againMs);
    setTimeout(() => {
      this.lost.delete(key);
      this.fetchNext();
    }, this.againMs);
  }
  put(key, tile) {
    this.tiles.set(key, tile);
    this.bytes += tile.bytes;
    this.evict();
  }
  // What is wanted stays, however much it is.
  evict() {
    for (const [key, tile] of this.tiles) {
      if (this.bytes <= this.mostBytes) return;
      if (!this.wanted.has(key)) this.drop(key, tile);
    }
  }
  drop(key, tile) {
    this.tiles.delete(key);
    this.bytes -= tile.bytes;
    tile.close();
  }
  // All of a picture whose keys start like this.
  forget(start) {
    const isOf = (key) => key.startsWith(start);
    this.points.delete(start);
    for (const map of [this.lost, this.wanted]) {
      for (const key of [...map.keys()].filter(isOf)) map.delete(key);
    }
    for (const [key, controller] of this.loading) if (isOf(key)) controller.abort();
    for (const [key, tile] of this.tiles) if (isOf(key)) this.drop(key, tile);
  }
  close() {
    clearTimeout(this.timer);
    this.want([]);
    this.forget("");
  }
};

// tiles/tiled_picture.js
var TIE = 1e-3;
var sheets = /* @__PURE__ */ new Map();
var SMALL = 512 * 512;
function blankSheet(width, height) {
  const isSmall = width * height <= SMALL;
  if (!sheets.has(isSmall)) {
    sheets.set(isSmall, el("canvas", { width: 1, height: 1 }).getContext("2d"));
  }
  const sheet = sheets.get(isSmall);
  const { canvas } = sheet;
  if (canvas.width < width || canvas.height < height) {
    const grown = [Math.max(width, canvas.width), Math.max(height, canvas.height)];
    const isTooLarge = isSmall && grown[0] * grown[1] > 4 * SMALL;
    [canvas.width, canvas.height] = isTooLarge ? [width, height] : grown;
  } else {
    sheet.clearRect(0, 0, width, height);
  }
  sheet.imageSmoothingEnabled = false;
  return sheet;
}
var TiledPicture = class {
  // `tiles`: {src, size, side, levels}; `kind`: of layer, which decodes them; `store`: of the viewer.
  constructor({ digest, tiles, counts: counts2 }, kind, store) {
    this.isTiled = true;
    this.id = digest;
    this.src = tiles.src;
    this.pyramid = tiles;
    this.counts = counts2;
    [this.width, this.height] = tiles.size;
    this.kind = kind;
    this.store = store;
  }
  request(tile) {
    const place2 = `${tile.level}/${tile.row}/${tile.column}`;
    return { key: `${this.id}/${place2}`, src: `${this.src}/${place2}`, decode: (bitmap) => this.kind.decode(bitmap) };
  }
  // Undefined where it is not there yet.
  get({ level, row, column }) {
    return this.store.get(`${this.id}/${level}/${row}/${column}`);
  }
  // The tiles that a pane needs: first one that shows all of it, then from the middle outwards.
  wants(place2, region, isSmooth) {
    const { pyramid } = this;
    const level = levelFor(pyramid, place2.width / this.width, isSmooth);
    const shown = shownRegion(pyramid, level, place2, region, 1);
    const middle = [(shown[0] + shown[2]) / 2, (shown[1] + shown[3]) / 2].map((at) => at / pyramid.side);
    const distance2 = ({ row, column }) => Math.hypot(column + 0.5 - middle[0], row + 0.5 - middle[1]);
    const tiles = tilesIn(pyramid, level, shown).sort((a, b) => distance2(a) - distance2(b));
    const last = { level: pyramid.levels - 1, row: 0, column: 0 };
    return [last, ...tiles].map((tile) => this.request(tile));
  }
  // `sourceOf(picture, tile)`: what is to be drawn of a tile, a canvas or bitmap; null where that is
  // not there yet. Then the nearest level above that has it is shown.
  draw({ context, left, top, width, height, clip }, sourceOf, isSmooth) {
    const { pyramid } = this;
    const place2 = { left, top, width, height };
    const level = levelFor(pyramid, width / this.width, isSmooth);
    const isShrunk = isSmooth && width < this.width;
    const region = this.region(level, place2, clip, isShrunk);
    const size = [region[2] - region[0], region[3] - region[1]];
    if (size[0] <= 0 || size[1] <= 0) return;
    const at = onPane(pyramid, level, place2, region);
    context.save();
    context.beginPath();
    context.rect(left, top, width, height);
    context.clip();
    context.imageSmoothingEnabled = isShrunk;
    context.imageSmoothingQuality = "low";
    if (!isShrunk && Number.isInteger(at.width) && Number.isInteger(at.height)) {
      this.place(context, level, region, at, sourceOf);
    } else {
      const sheet = blankSheet(...size);
      this.place(sheet, level, region, { left: 0, top: 0, width: 1, height: 1 }, sourceOf);
      const shift = isShrunk ? 0 : TIE;
      context.drawImage(
        sheet.canvas,
        0,
        0,
        ...size,
        at.left - shift,
        at.top - shift,
        size[0] * at.width,
        size[1] * at.height
      );
    }
    context.restore();
  }
  // Averaged pixels end at the picture's edge, where there is nothing to average with; others go on
  // by one, so that an edge between two device pixels is not half transparent.
  region(level, place2, clip, isShrunk) {
    const region = shownRegion(this.pyramid, level, place2, clip, isShrunk ? 2 : 1);
    if (!isShrunk) return region;
    const [width, height] = levelSize(this.pyramid, level);
    return [
      Math.max(0, region[0]),
      Math.max(0, region[1]),
      Math.min(width, region[2]),
      Math.min(height, region[3])
    ];
  }
  // Draws the tiles of a region, whose corner comes to lie at a place and whose pixels are as large
  // as it says, in whole numbers.
  place(context, level, region, at, sourceOf) {
    for (const tile of tilesIn(this.pyramid, level, region)) {
      const part = this.nearest(tile, sourceOf);
      if (!part?.source) continue;
      const [x0, y0, x1, y1] = regionOf(this.pyramid, tile);
      const step = 2 ** part.up;
      const [left, top] = regionOf(this.pyramid, part.tile);
      const [width, height] = [x1 - x0, y1 - y0];
      context.drawImage(
        part.source,
        x0 / step - left,
        y0 / step - top,
        width / step,
        height / step,
        at.left + (x0 - region[0]) * at.width,
        at.top + (y0 - region[1]) * at.height,
        width * at.width,
        height * at.height
      );
    }
  }
  // What there is of a tile, or of one above it: {tile, up, source}, without a source where nothing
  // is to be seen.
  nearest(tile, sourceOf) {
    for (let up = 0; tile.level + up < this.pyramid.levels; up++) {
      const at = above(tile, up);
      const picture = this.get(at);
      if (picture === EMPTY) return { tile: at, up, source: null };
      const source = picture && sourceOf(picture, at);
      if (source) return { tile: at, up, source };
    }
    return null;
  }
  // The value of a pixel of the image itself by the name of its array; undefined while its tile is
  // not there, which is asked for then.
  sample(name, x, y, empty) {
    const at = tileOf(this.pyramid, { x, y });
    const picture = this.get(at.tile);
    if (picture === EMPTY) return empty;
    if (picture) return picture[name][at.y * picture.width + at.x];
    this.store.wantPoint(this.id, this.request(at.tile));
    return void 0;
  }
  // Of a layer of values: the share of the pixels with a value whose code is below one.
  shareBelow(code) {
    if (!this.counts) return 0;
    const bins = this.kind.most > 255 ? code / 256 : code;
    const sum2 = (counts2) => counts2.reduce((total, pixels2) => total + pixels2, 0);
    return sum2(this.counts.slice(0, Math.ceil(bins))) / (sum2(this.counts) || 1);
  }
  close() {
    this.store.forget(this.id);
  }
};

// pictures.js
function isNeeded(layer, state) {
  if (!layer.range) return true;
  const isAbove = (threshold) => threshold !== void 0 && threshold > layer.range[0];
  const isLimited = isAbove(layer.threshold?.start) || isAbove(state.thresholds.get(layer.key));
  return layer.visible || state.layers.get(layer.key)?.visible || isLimited;
}
var Pictures = class {
  // `kinds`: by name, see layers/kinds.js; `tiles`: the store of tiles.
  constructor(kinds, tiles) {
    this.kinds = kinds;
    this.tiles = tiles;
    this.decoded = /* @__PURE__ */ new Map();
    this.downloads = new Downloads();
  }
  get(digest) {
    return this.decoded.get(digest);
  }
  has(wanted) {
    return wanted.every(({ digest }) => this.decoded.has(digest));
  }
  // What of `wanted` ({digest, src, kind}) is not decoded yet, by digest; null where the browser
  // could not read one. Nothing is kept before it is added.
  async decode(wanted) {
    const missing = wanted.filter(({ digest }) => !this.decoded.has(digest));
    const unique = new Map(missing.map((picture) => [picture.digest, picture]));
    const read = async (picture) => {
      if (picture.tiles) {
        return [picture.digest, new TiledPicture(picture, this.kinds[picture.kind], this.tiles)];
      }
      const bitmap = await this.bitmap(picture);
      return [picture.digest, this.kinds[picture.kind].decode(bitmap)];
    };
    try {
      return new Map(await Promise.all([...unique.values()].map(read)));
    } catch (error) {
      console.error("compare viewer:", error);
      return null;
    }
  }
  async bitmap({ digest, src }) {
    const blob = src.startsWith("data:") ? unpack(src) : await this.downloads.get(digest, src);
    return readBitmap(blob);
  }
  add(decoded) {
    decoded.forEach((picture, digest) => this.decoded.set(digest, picture));
  }
  // Forgets all but `shown`, and fetches `others`, which may be shown next, in the background.
  keep(shown, others) {
    const digests = new Set(shown.map(({ digest }) => digest));
    for (const [digest, picture] of this.decoded) {
      if (digests.has(digest)) continue;
      picture.close();
      this.decoded.delete(digest);
    }
    this.downloads.keep([...shown, ...others].filter(({ tiles }) => !tiles));
  }
};
var readBitmap = (blob) => createImageBitmap(blob, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
function unpack(src) {
  const [head, body] = src.split(",", 2);
  const bytes = Uint8Array.from(atob(body), (letter) => letter.charCodeAt(0));
  return new Blob([bytes], { type: head.slice(5, head.indexOf(";")) });
}

// stage/pane_gestures.js
function gesturesOf(viewer, pane) {
  const pixel = (event) => pixelAt(viewer.place, viewer.data.size, pane.devicePixelOf(event, viewer.stage.ratio));
  const point = (event) => pointAt(viewer.place, viewer.data.size, pane.devicePixelOf(event, viewer.stage.ratio));
  const hover = (event) => {
    if (viewer.tool) viewer.aim = point(event);
    viewer.hover(pixel(event));
  };
  return {
    hover,
    pixel,
    leave: () => viewer.hover(null),
    pan: (dx, dy) => viewer.pan(dx, dy),
    zoom: (event, factor) => {
      const under = pane.pointOf(event);
      viewer.look(zoomAt(viewer.state.view, factor, under, viewer.data.size, pane.extent));
      hover(event);
    },
    draws: () => Boolean(viewer.tool),
    point: (event) => viewer.setPoint(point(event)),
    end: () => viewer.sketch.isOpen && viewer.endTool(),
    select: (at) => viewer.select(at),
    key: (event) => viewer.keyboard.down(event),
    keyUp: (event) => viewer.keyboard.up(event),
    blur: () => viewer.keyboard.releaseAll(),
    wheelRefused: () => viewer.stage.hint()
  };
}

// stage/divider.js
var Divider = class {
  // `move(part)`: a fraction of the pane's width, not yet limited to 0 to 1.
  constructor(move) {
    this.part = 0;
    const drag = (clientX) => {
      const box = this.element.parentElement.getBoundingClientRect();
      move((clientX - box.left) / box.width);
    };
    this.element = el("div", {
      class: "divider",
      "data-testid": "viewer-divider",
      role: "slider",
      tabindex: 0,
      "aria-valuemin": 0,
      "aria-valuemax": 100,
      onpointerdown: (event) => {
        if (event.button !== 0) return;
        this.element.setPointerCapture(event.pointerId);
        event.preventDefault();
        this.element.focus({ preventScroll: true });
      },
      onpointermove: (event) => this.element.hasPointerCapture(event.pointerId) && drag(event.clientX),
      onkeydown: (event) => {
        const step = event.shiftKey ? 0.1 : 0.02;
        const to = { ArrowLeft: this.part - step, ArrowRight: this.part + step, Home: 0, End: 1 };
        if (to[event.key] === void 0) return;
        event.preventDefault();
        move(to[event.key]);
      }
    }, el("div", { class: "handle", "aria-hidden": "true" }));
  }
  // Into `picture`, where it is not there yet.
  place(picture, label) {
    if (this.element.parentElement !== picture) picture.append(this.element);
    this.element.setAttribute("aria-label", label);
  }
  show(part) {
    this.part = part;
    this.element.style.left = `${part * 100}%`;
    this.element.setAttribute("aria-valuenow", Math.round(part * 100));
  }
};

// stage/gestures.js
var DOUBLE_CLICK_MS = 250;
var eventAt = ({ x, y }) => ({ clientX: x, clientY: y });
function onGrid(at) {
  const ratio = window.devicePixelRatio || 1;
  return Math.floor(at * ratio + 1e-3) / ratio;
}
var Gestures = class {
  // `on`: hover(event), leave(), pan(dx, dy), zoom(event, factor), pixel(event) → pixel or null,
  // select(pixel), key(event), keyUp(event), blur(), wheelRefused(); of a tool: draws() → whether one
  // is in use, point(event), end(). An event need only have clientX and clientY.
  constructor(canvas, on) {
    this.canvas = canvas;
    this.on = on;
    this.pointers = /* @__PURE__ */ new Map();
    this.dragged = false;
    this.drawing = false;
    this.tapped = null;
    this.tapTimer = 0;
    const listen = (name, handler, options) => canvas.addEventListener(name, handler, options);
    listen("pointerdown", (event) => this.down(event));
    listen("pointermove", (event) => this.move(event));
    listen("pointerup", (event) => this.up(event));
    listen("pointercancel", (event) => this.drop(event));
    listen("pointerleave", (event) => event.pointerType === "touch" || on.leave());
    listen("wheel", (event) => this.wheel(event), { passive: false });
    listen("keydown", (event) => on.key(event));
    listen("keyup", (event) => on.keyUp(event));
    listen("blur", () => {
      canvas.classList.remove("pointed");
      on.blur();
    });
  }
  down(event) {
    if (event.button !== 0) return;
    this.canvas.classList.add("pointed");
    this.canvas.focus({ preventScroll: true });
    this.canvas.setPointerCapture(event.pointerId);
    if (this.pointers.size === 0) {
      this.dragged = this.pinched = false;
      this.start = { x: event.clientX, y: event.clientY };
    } else {
      this.dragged = this.pinched = true;
    }
    this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    this.on.hover(event);
  }
  move(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return this.on.hover(event);
    if (!this.dragged && !this.isFar(event)) return;
    this.dragged = true;
    const draws = this.on.draws();
    if (!draws) this.canvas.classList.add("dragging");
    const others = [...this.pointers].filter(([id]) => id !== event.pointerId);
    this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (others.length > 0) this.pinch(before, this.pointers.get(event.pointerId), others[0][1]);
    else if (draws) this.stroke();
    else this.on.pan(onGrid(event.clientX) - onGrid(before.x), onGrid(event.clientY) - onGrid(before.y));
    this.on.hover(event);
  }
  // With a tool a drag draws, from where the pointer went down.
  stroke() {
    if (!this.drawing && !this.pinched) this.on.point(eventAt(this.start));
    this.drawing = !this.pinched;
  }
  isFar({ clientX, clientY, pointerType }) {
    const slack = pointerType === "mouse" ? 4 : 10;
    return Math.hypot(clientX - this.start.x, clientY - this.start.y) > slack;
  }
  pinch(before, now, other) {
    const span = (point) => Math.max(1, Math.hypot(point.x - other.x, point.y - other.y));
    const middle = { clientX: (now.x + other.x) / 2, clientY: (now.y + other.y) / 2 };
    this.on.pan((now.x - before.x) / 2, (now.y - before.y) / 2);
    this.on.zoom(middle, span(now) / span(before));
  }
  up(event) {
    const wasDown = this.pointers.has(event.pointerId);
    this.drop(event);
    if (wasDown && this.drawing) this.on.point(event);
    this.drawing = false;
    if (wasDown && !this.dragged && this.pointers.size === 0) this.tap(event);
  }
  drop(event) {
    this.pointers.delete(event.pointerId);
    if (this.pointers.size === 0) this.canvas.classList.remove("dragging");
  }
  // A click reruns the script, so it waits to see that it is not half of a double click.
  tap(event) {
    if (this.on.draws()) return this.tapPoint(event);
    if (this.tapTimer) {
      clearTimeout(this.tapTimer);
      this.tapTimer = 0;
      this.on.zoom(event, event.shiftKey ? 0.5 : 2);
      return;
    }
    const pixel = this.on.pixel(event);
    this.tapTimer = setTimeout(() => {
      this.tapTimer = 0;
      this.on.select(pixel);
    }, DOUBLE_CLICK_MS);
  }
  // A point at once; the second half of a double click, in the same place, ends.
  tapPoint(event) {
    const { tapped } = this;
    const isSecond = tapped && event.timeStamp - tapped.timeStamp < DOUBLE_CLICK_MS && Math.hypot(event.clientX - tapped.clientX, event.clientY - tapped.clientY) < 12;
    this.tapped = isSecond ? null : event;
    if (isSecond) this.on.end();
    else this.on.point(event);
  }
  wheel(event) {
    const withKey = event.ctrlKey || event.metaKey;
    if (!withKey && this.canvas.getRootNode().activeElement !== this.canvas) {
      this.on.wheelRefused();
      return;
    }
    event.preventDefault();
    const pixels2 = event.deltaMode === 1 ? event.deltaY * 32 : event.deltaY;
    const speed = event.ctrlKey && Math.abs(pixels2) < 40 ? 0.01 : 18e-4;
    this.on.zoom(event, Math.exp(-clamp(pixels2, -300, 300) * speed));
  }
  cancel() {
    clearTimeout(this.tapTimer);
  }
};

// stage/scroll.js
var Scroll = class {
  constructor() {
    this.what = null;
    this.place = null;
  }
  // Moves the canvas's content where that is enough, and gives the rectangles [left, top, right,
  // bottom] that are to be drawn; null where that is all of it. `what`: all that a drawing depends
  // on but its place.
  strips(context, what, place2) {
    const { canvas } = context;
    if (!this.isSame(what, place2)) return null;
    const [dx, dy] = [place2.left - this.place.left, place2.top - this.place.top];
    if (!dx && !dy) return [];
    const isGone = Math.abs(dx) >= canvas.width || Math.abs(dy) >= canvas.height;
    if (isGone || isCut(what)) return null;
    context.globalCompositeOperation = "copy";
    context.drawImage(canvas, dx, dy);
    context.globalCompositeOperation = "source-over";
    return stripsOf(canvas, dx, dy);
  }
  isSame(what, { width, height }) {
    if (this.what?.length !== what.length) return false;
    if (width !== this.place.width || height !== this.place.height) return false;
    return what.every((value, i) => value === this.what[i]);
  }
  keep(what, place2) {
    this.what = what;
    this.place = place2;
  }
};
var isCut = (what) => what.slice(1).some((value, i) => i % 4 > 1 && value !== void 0);
function stripsOf({ width, height }, dx, dy) {
  const strips = [];
  if (dx) strips.push(dx > 0 ? [0, 0, dx, height] : [width + dx, 0, width, height]);
  if (dy) strips.push(dy > 0 ? [0, 0, width, dy] : [0, height + dy, width, height]);
  return strips;
}

// stage/sketch_view.js
var SVG = "http://www.w3.org/2000/svg";
function make(tag, attributes = {}) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}
var SketchView = class {
  constructor() {
    this.element = make("svg", { class: "sketch", "aria-hidden": "true" });
    this.drawn = "";
  }
  // `shapes`: [{points, isClosed, hasCorners, isOpen}] in CSS pixels of the pane; drawn anew only
  // where they are others.
  show(shapes) {
    const paths = shapes.map(({ points, isClosed, hasCorners, isOpen }) => ({
      path: points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("") + (isClosed && points.length > 2 ? "Z" : ""),
      corners: hasCorners ? points : [],
      isOpen
    }));
    const drawn = JSON.stringify(paths);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    this.element.replaceChildren(...paths.flatMap(({ path, corners, isOpen }) => [
      make("path", { class: "under", d: path }),
      make("path", { class: isOpen ? "over open" : "over", d: path }),
      ...corners.map(([cx, cy]) => make("circle", { cx, cy, r: 3.5 }))
    ]));
  }
};

// stage/pane.js
var PIXEL_BOX_FROM = 6;
var Pane = class {
  constructor(key) {
    this.key = key;
    this.canvas = el("canvas", {
      tabindex: 0,
      role: "application",
      "data-testid": "viewer-canvas"
    });
    this.context = this.canvas.getContext("2d");
    this.scroll = new Scroll();
    this.hairs = [el("div", { class: "hair vertical" }), el("div", { class: "hair horizontal" })];
    this.box = el("div", { class: "pixel-box" });
    this.pin = el("div", { class: "pin" });
    this.sketch = new SketchView();
    this.picture = el(
      "div",
      { class: "picture" },
      this.canvas,
      this.sketch.element,
      ...this.hairs,
      this.box,
      this.pin
    );
    this.caption = el("figcaption");
    this.element = el("figure", { class: "pane" }, this.caption, this.picture);
    this.reported = null;
    this.device = [0, 0];
    this.extent = [0, 0];
  }
  // `device`: the canvas in device pixels as the browser reported it laid out; where it reported for
  // another ratio (that has just changed, or is emulated), by its rule: edges are rounded.
  measure(ratio) {
    const { left, top, right, bottom } = this.canvas.getBoundingClientRect();
    const round = (at) => Math.round(at * ratio);
    const sides = [round(right) - round(left), round(bottom) - round(top)];
    const isOurs = this.reported?.every((length, axis) => Math.abs(length - sides[axis]) <= 1);
    this.device = isOurs ? this.reported : sides;
    this.extent = this.device.map((length) => length / ratio);
  }
  // Where on the pane a pointer is, in CSS pixels.
  pointOf({ clientX, clientY }) {
    const { left, top } = this.canvas.getBoundingClientRect();
    return [clientX - left, clientY - top];
  }
  // The device pixel that a pointer is on: the browser puts a canvas on whole ones.
  devicePixelOf({ clientX, clientY }, ratio) {
    const { left, top } = this.canvas.getBoundingClientRect();
    const along = (at, from) => Math.floor(at * ratio - Math.round(from * ratio) + 1e-3);
    return [along(clientX, left), along(clientY, top)];
  }
  draw(stack, place2, legend) {
    const { canvas, device } = this;
    const isSized = canvas.width === device[0] && canvas.height === device[1];
    if (!isSized) [canvas.width, canvas.height] = device;
    const what = [legend, ...stack.flatMap(({ layer, opacity, from, to }) => [layer, opacity, from, to])];
    const strips = isSized && this.scroll.strips(this.context, what, place2) || [[0, 0, ...device]];
    for (const strip of strips) this.drawStrip(strip, stack, place2, legend);
    this.scroll.keep(what, place2);
  }
  // All of it is drawn anew next time: tiles have come.
  forget() {
    this.scroll.keep(null, null);
  }
  drawStrip([left, top, right, bottom], stack, place2, legend) {
    const { context, device } = this;
    context.clearRect(left, top, right - left, bottom - top);
    for (const { layer, opacity, from = 0, to = 1 } of stack) {
      const start = Math.max(left, Math.round(from * device[0]));
      const end = Math.min(right, Math.round(to * device[0]));
      if (start >= end) continue;
      context.save();
      context.beginPath();
      context.rect(start, top, end - start, bottom - top);
      context.clip();
      context.globalAlpha = opacity;
      layer.draw({ context, ...place2, clip: [start, top, end, bottom] }, legend);
      context.restore();
    }
  }
  // `at(x, y)`: where a point of the image is on the pane. `step`: image pixels per pixel that was
  // sent; the box frames what is seen as one pixel.
  showPointer(at, cursor, withHairs, [stepX, stepY]) {
    const [vertical, horizontal] = this.hairs;
    vertical.hidden = horizontal.hidden = !(cursor && withHairs);
    this.box.hidden = !cursor;
    if (!cursor) return;
    const [x, y] = at(cursor.x + 0.5, cursor.y + 0.5);
    vertical.style.transform = `translateX(${x}px)`;
    horizontal.style.transform = `translateY(${y}px)`;
    const first = (position, step) => Math.floor((position + 0.5) / step) * step;
    const corner = [first(cursor.x, stepX), first(cursor.y, stepY)];
    const [left, top] = at(...corner);
    const [right, bottom] = at(corner[0] + stepX, corner[1] + stepY);
    this.box.hidden = right - left < PIXEL_BOX_FROM;
    this.box.style.width = `${right - left}px`;
    this.box.style.height = `${bottom - top}px`;
    this.box.style.transform = `translate(${left}px, ${top}px)`;
  }
  showMarker(at, marker) {
    this.pin.hidden = !marker;
    if (!marker) return;
    const [x, y] = at(marker.x + 0.5, marker.y + 0.5);
    this.pin.style.transform = `translate(${x}px, ${y}px)`;
  }
};

// stage/picks.js
var Picks = class {
  // `choose(name, key)`: see `picks` in modes/table.js.
  constructor(mode, choose) {
    this.mode = mode;
    this.menus = new Map(mode.picks.map(({ name, label, image, labelsOnly }) => {
      const element = el("select", {
        class: "pick",
        "data-testid": `viewer-${mode.name}-${name}`,
        "aria-label": label,
        onchange: () => choose(name, element.value)
      });
      return [name, { element, image, labelsOnly }];
    }));
    this.offered = null;
  }
  // Above a pane, where they are not there yet: an open menu would close.
  // `now`: the one of them that is seen just now, where they are shown in turn.
  place(caption, names, now) {
    for (const [name, { element }] of this.menus) element.classList.toggle("now", name === now);
    const elements = names.map((name) => this.menus.get(name).element);
    if (elements.some(({ parentElement }) => parentElement !== caption)) {
      caption.replaceChildren(...elements);
    }
  }
  // Filled only when the layers are others, for the same reason.
  show(scene) {
    const { image, layers } = scene;
    const rows = layers.map(({ layer }) => [layer.key, layer.title, layer.usesClasses]);
    const offered = JSON.stringify(rows);
    if (offered !== this.offered) {
      this.offered = offered;
      for (const menu of this.menus.values()) {
        const those = menu.labelsOnly ? rows.filter(([, , isLabels]) => isLabels) : rows;
        const all = menu.image ? [[image.layer.key, image.layer.title], ...those] : those;
        menu.element.replaceChildren(
          ...all.map(([key, title]) => el("option", { value: key }, title))
        );
      }
    }
    for (const [name, { element }] of this.menus) element.value = this.mode.shown(scene, name);
  }
};

// stage/stage.js
var GAP = 8;
var CAPTION = 28;
var HINT_MS = 1200;
var Stage = class {
  // `on`: gestures(pane) → what Gestures needs, divide(part), choose(name, key), resize().
  constructor(on) {
    this.on = on;
    this.panes = [];
    this.gestures = /* @__PURE__ */ new Map();
    this.picks = /* @__PURE__ */ new Map();
    this.divider = new Divider(on.divide);
    this.scaleLine = el("span");
    this.scaleText = el("div");
    this.scale = el(
      "div",
      { class: "scale", "data-testid": "viewer-scale", hidden: true },
      this.scaleText,
      this.scaleLine
    );
    this.notice = el("div", { class: "notice", role: "alert", hidden: true });
    this.hintText = el("div", { class: "hint", "aria-hidden": "true" });
    this.toolText = el("div", { class: "tool-text", "data-testid": "viewer-tool-text", hidden: true });
    this.grid = el("div", { class: "stage" });
    const over = [this.scale, this.toolText, this.hintText, this.notice];
    this.element = el("div", { class: "stage-box" }, this.grid, ...over);
    this.observer = new ResizeObserver((entries) => this.resized(entries));
    this.observer.observe(this.grid);
  }
  destroy() {
    this.observer.disconnect();
    clearTimeout(this.hintTimer);
    this.gestures.forEach((gestures) => gestures.cancel());
  }
  // `specs`: mode.panes(scene); `description`: what a screen reader says after a pane's title.
  // Keeps panes that stay, so that focus and gestures survive.
  arrange(mode, specs, scene, description) {
    this.mode = mode;
    this.specs = specs;
    const keys = specs.map(({ key }) => key);
    if (keys.join("\n") !== this.panes.map(({ key }) => key).join("\n")) {
      const kept = new Map(this.panes.map((pane) => [pane.key, pane]));
      this.panes = keys.map((key) => kept.get(key) ?? this.addPane(key));
      for (const [key, pane] of kept) if (!keys.includes(key)) this.dropPane(pane);
      this.grid.replaceChildren(...this.panes.map(({ element }) => element));
    }
    if (mode.picks) this.picksOf(mode).show(scene);
    this.panes.forEach((pane, i) => {
      const { title, picks, shows, now } = specs[i];
      pane.canvas.dataset.pane = shows ?? pane.key;
      pane.canvas.setAttribute("aria-label", `${title}, ${description}`);
      pane.caption.hidden = !mode.captions;
      if (picks) this.picksOf(mode).place(pane.caption, picks, now);
      else pane.caption.replaceChildren(title);
    });
    if (mode.divider) {
      this.divider.place(this.panes[0].picture, mode.divider.label);
      this.divider.show(mode.divider.at(scene.own));
    } else {
      this.divider.element.remove();
    }
  }
  // All that is drawn, on whichever pane.
  get parts() {
    return this.specs.flatMap(({ stack }) => stack);
  }
  // The layers that the readout names: none that is not shown.
  get read() {
    const layers = this.specs.flatMap(({ reads, stack }) => reads ?? stack.map(({ layer }) => layer));
    return [...new Set(layers)];
  }
  addPane(key) {
    const pane = new Pane(key);
    this.gestures.set(key, new Gestures(pane.canvas, this.on.gestures(pane)));
    try {
      this.observer.observe(pane.canvas, { box: "device-pixel-content-box" });
    } catch {
      this.observer.observe(pane.canvas);
    }
    return pane;
  }
  dropPane(pane) {
    this.observer.unobserve(pane.canvas);
    this.gestures.get(pane.key).cancel();
    this.gestures.delete(pane.key);
  }
  resized(entries) {
    for (const { target, devicePixelContentBoxSize } of entries) {
      const pane = this.panes.find(({ canvas }) => canvas === target);
      if (!pane) continue;
      const box = devicePixelContentBoxSize?.[0];
      pane.reported = box ? [box.inlineSize, box.blockSize] : null;
    }
    this.on.resize();
  }
  picksOf(mode) {
    if (!this.picks.has(mode.name)) this.picks.set(mode.name, new Picks(mode, this.on.choose));
    return this.picks.get(mode.name);
  }
  // All panes are of one size.
  get extent() {
    return this.panes[0].extent;
  }
  get isVisible() {
    return this.extent.every(Boolean);
  }
  get ratio() {
    return window.devicePixelRatio || 1;
  }
  layOut(size) {
    const { ratio } = this;
    const extent = [this.grid.clientWidth, this.grid.clientHeight];
    const caption = this.mode.captions ? CAPTION : 0;
    const count = this.panes.length;
    const columns = bestColumns(count, size, extent, { gap: GAP, caption });
    const share2 = (length, parts) => `${wholePixels((length - GAP * (parts - 1)) / parts, ratio)}px`;
    this.grid.style.gridTemplateColumns = `repeat(${columns}, ${share2(extent[0], columns)})`;
    this.grid.style.gridAutoRows = share2(extent[1], Math.ceil(count / columns));
    this.panes.forEach((pane) => pane.measure(ratio));
  }
  // `place`: see view.js; `isShown(part)`: whether a part of a stack is drawn just now.
  draw(place2, legend, isFitted, isShown2) {
    this.panes.forEach((pane, i) => {
      pane.draw(this.specs[i].stack.filter(isShown2), place2, legend);
      pane.canvas.classList.toggle("fits", isFitted);
    });
  }
  // The tiles that a stack needs to be drawn, and what layers it compares.
  wants(place2, isShown2) {
    return this.panes.flatMap((pane, i) => this.specs[i].stack.filter(isShown2).flatMap(({ layer, from = 0, to = 1 }) => {
      const region = [from * pane.device[0], 0, to * pane.device[0], pane.device[1]];
      return (layer.pictures ?? [layer.picture]).flatMap((picture) => picture?.isTiled ? picture.wants(place2, region, layer.isSmooth) : []);
    }));
  }
  forget() {
    this.panes.forEach((pane) => pane.forget());
  }
  showPointer(place2, size, { cursor, marker, step }) {
    const at = (x, y) => toScreen(place2, size, this.ratio, [x, y]);
    for (const pane of this.panes) {
      pane.showPointer(at, cursor, this.mode.crosshair, step);
      pane.showMarker(at, marker);
    }
  }
  // `shapes`: as SketchView has them, but in image pixels; `text`: what the tool says.
  showSketches(place2, size, shapes, text) {
    const at = (point) => toScreen(place2, size, this.ratio, point);
    for (const pane of this.panes) {
      pane.sketch.show(shapes.map((shape) => ({ ...shape, points: shape.points.map(at) })));
    }
    this.toolText.textContent = text;
    this.toolText.hidden = !text;
  }
  // `bar`: {text, width}, or null where the image has no place on the ground.
  showScale(bar) {
    this.scale.hidden = !bar;
    if (!bar) return;
    this.scaleText.textContent = bar.text;
    this.scaleLine.style.width = `${bar.width}px`;
  }
  showNotice(text) {
    this.notice.textContent = text ?? "";
    this.notice.hidden = !text;
  }
  hint() {
    const key = /Mac/.test(navigator.platform) ? "⌘" : "Ctrl";
    this.tell(`Click the picture or hold ${key} to zoom with the wheel`);
  }
  tell(text) {
    this.hintText.textContent = text;
    this.hintText.classList.add("on");
    clearTimeout(this.hintTimer);
    this.hintTimer = setTimeout(() => this.hintText.classList.remove("on"), HINT_MS);
  }
};

// tools/shapes.js
function shapesOf(data, state, aim) {
  const outlines = (data.outlines ?? []).map((points) => ({ points, isClosed: true }));
  return [...outlines, ...TOOLS.flatMap((tool) => shapesOfTool(tool, data, state, aim))];
}
function shapesOfTool({ name, isBox, isClosed }, data, state, aim) {
  const sketch = state.sketches[name];
  const points = name === state.tool ? aimedAt(sketch, aim) : sketch.points;
  if (!points.length) return [];
  const { isOpen } = sketch;
  if (!isBox) return [{ points, isClosed, hasCorners: true, isOpen }];
  const box = boxOf([points[0], points.at(-1)], data.size);
  return [{ points: cornersOf(box), isClosed: true, isOpen }];
}
var cornersOf = ([x0, y0, x1, y1]) => [[x0, y0], [x1, y0], [x1, y1], [x0, y1]];

// viewer.js
var Viewer = class extends Commands {
  constructor(parent) {
    super();
    this.tiles = new TileStore({
      changed: () => this.stage.forget() || this.draw(),
      failed: (text) => this.stage.showNotice(text),
      read: readBitmap
    });
    this.pictures = new Pictures(KINDS, this.tiles);
    this.round = 0;
    this.frame = this.pointerFrame = 0;
    this.cursor = null;
    this.aim = null;
    this.peeking = false;
    this.legend = { signature: null };
    this.toolbar = new Toolbar(this);
    this.keyboard = new Keyboard(this);
    this.beat = new Beat(() => this.change(({ own }) => this.mode.timer.turn(own[this.mode.name])));
    this.frameBar = new FrameBar((number2) => this.pickFrame(number2));
    this.readout = new Readout();
    this.bandValues = new BandValues(() => this.data && this.showPointer());
    this.helpSheet = new HelpSheet();
    this.stage = new Stage({
      gestures: (pane) => gesturesOf(this, pane),
      divide: (part) => this.change(({ own }) => this.mode.divider.move(own[this.mode.name], part)),
      choose: (name, key) => this.pick(name, key),
      resize: () => this.data && this.paint()
      // at once: a frame later it would be stretched
    });
    this.difference = new DifferencePanel((opacity) => this.change(({ own }) => own[this.mode.name].opacity = opacity));
    this.panel = new Panel({
      show: (key, visible) => this.change((state) => showLayer(state, this.mode, key, visible)),
      fade: (key, opacity) => this.change(({ layers }) => layers.get(key).opacity = opacity),
      toggle: (index) => this.change((state) => toggleClass(state, index)),
      isolate: (index) => this.change((state) => isolateClass(state, index, this.data.classes.length)),
      limit: (key, value) => this.change(({ thresholds }) => thresholds.set(key, value)),
      color: (key, look) => this.change(({ looks }) => looks.set(key, look)),
      hide: (indices) => this.change((state) => state.off = new Set(indices))
    }, [this.difference.element]);
    this.status = el("div", { class: "unseen", role: "status", "data-testid": "viewer-status" });
    this.root = el(
      "div",
      { class: "viewer", "data-testid": "viewer-root", "data-ready": "0" },
      el(
        "div",
        { class: "body" },
        el(
          "div",
          { class: "main" },
          this.toolbar.element,
          this.stage.element,
          this.frameBar.element,
          this.readout.element
        ),
        this.panel.element
      ),
      this.status,
      this.helpSheet.element
    );
    parent.append(this.root);
  }
  destroy() {
    this.round++;
    cancelAnimationFrame(this.frame);
    cancelAnimationFrame(this.pointerFrame);
    this.stage.destroy();
    this.beat.set(0);
    this.frameBar.pause();
    this.bandValues.cancel();
    this.pictures.keep([], []);
    this.tiles.close();
    this.root.remove();
  }
  // ---- data from the script ----
  async update(given, send) {
    this.send = send;
    this.given = given;
    const round = ++this.round;
    this.root.style.setProperty("--stage-height", `${given.height}px`);
    followTheme(this.root);
    const state = stateFor(given.key, MODES);
    const image = { ...given.image, key: IMAGE, title: "Image", kind: IMAGE };
    const layers = given.layers.map((layer) => withFrame(layer, state.frame));
    const shown = [image, ...layers.filter((layer) => isNeeded(layer, state) || this.pictures.get(layer.digest))];
    if (!this.pictures.has(shown)) {
      this.root.dataset.ready = "0";
      const decoded = await this.pictures.decode(shown);
      if (round !== this.round) return decoded?.forEach((picture) => picture.close());
      if (!decoded) {
        const text = "The browser could not read this picture. Reload the page to try again.";
        return this.stage.showNotice(text);
      }
      this.pictures.add(decoded);
    }
    this.pictures.keep(shown, given.layers.flatMap(({ frames }) => frames ?? []));
    this.show({ ...given, layers }, image);
  }
  show(data, image) {
    const layerOf = (entry) => new KINDS[entry.kind](entry, this.pictures.get(entry.digest));
    this.data = data;
    this.image = layerOf(image);
    this.layers = data.layers.map(layerOf);
    this.state = stateFor(data.key, MODES);
    adopt(this.state, data, MODES);
    if (this.cursor?.x >= data.size[0] || this.cursor?.y >= data.size[1]) this.cursor = null;
    const classes = this.layers.some(({ usesClasses }) => usesClasses) ? data.classes : [];
    this.stage.showNotice(null);
    this.panel.build(this.layers, classes);
    this.readout.reserve(classes);
    this.root.classList.toggle("bare", this.panel.element.hidden);
    this.apply();
  }
  // ---- state to screen ----
  get mode() {
    return modeNamed(this.state.mode);
  }
  get hasLayers() {
    return this.layers.length > 0;
  }
  isPossible(mode) {
    return isPossible(mode, this.layers.map(({ usesClasses }) => usesClasses));
  }
  get isClickable() {
    return this.data.clickable;
  }
  change(alter) {
    if (!this.state) return;
    alter(this.state);
    const isMissing = (layer) => isNeeded(layer, this.state) && !this.pictures.get(layer.digest);
    if (this.data.layers.some(isMissing)) this.update(this.given, this.send);
    else this.apply();
  }
  apply() {
    const { mode, state, data } = this;
    const scene = this.scene();
    this.paintClasses();
    this.toolbar.show();
    this.panel.show(state, this.layers);
    this.frameBar.show(data.layers.find(({ frames }) => frames));
    const description = `${data.size[0]} by ${data.size[1]} pixels. ${spokenHelp(this)}`;
    this.stage.arrange(mode, mode.panes(scene), scene, description);
    const compared = this.stage.parts.find(({ layer }) => layer instanceof DifferenceLayer);
    this.difference.show(compared?.layer, compared?.opacity, this.legend, data.size);
    const visible = scene.layers.filter((part) => part.visible).map(({ layer }) => layer.key);
    Object.assign(this.root.dataset, {
      mode: mode.name,
      layers: visible.join(","),
      tool: state.tool ?? "",
      classesOff: [...state.off].sort((a, b) => a - b).join(",")
    });
    this.beat.set(mode.timer?.isOn(scene.own) ? mode.timer.ms : 0);
    if (mode.divider) this.root.dataset.divider = mode.divider.at(scene.own).toFixed(4);
    this.draw();
  }
  scene() {
    const { layers, own } = this.state;
    return {
      image: { layer: this.image, visible: true, opacity: 1 },
      layers: this.layers.map((layer) => ({ layer, ...layers.get(layer.key) })),
      own: own[this.mode.name]
    };
  }
  // Another table only when the colours are others: masks are painted anew then.
  paintClasses() {
    const { classes } = this.data;
    const { off, thresholds, looks } = this.state;
    const limits = this.layers.filter(({ threshold, picture }) => threshold && picture).map((layer) => [layer, thresholds.get(layer.key)]);
    const digests = this.data.layers.map(({ digest }) => digest);
    const signature = JSON.stringify([
      classes,
      [...off],
      limits.map(([, value]) => value),
      digests,
      [...looks]
    ]);
    if (signature === this.legend.signature) return;
    const unsure = new Map(limits.map(([layer, value]) => [layer.threshold.of, new Unsure(layer, value)]));
    const table = colorTable(classes, off);
    this.legend = { signature, classes, off: new Set(off), table, unsure, looks: new Map(looks) };
  }
  draw() {
    if (this.frame || !this.data) return;
    cancelAnimationFrame(this.pointerFrame);
    this.pointerFrame = 0;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.paint();
    });
  }
  // Once a frame: a pointer moves more often, and what it changes is laid out anew when it is asked
  // where it is.
  showPointerSoon() {
    if (this.frame || this.pointerFrame || !this.data) return;
    this.pointerFrame = requestAnimationFrame(() => {
      this.pointerFrame = 0;
      this.showPointer();
    });
  }
  paint() {
    const { size } = this.data;
    this.stage.layOut(size);
    if (!this.stage.isVisible) return;
    const { state, stage } = this;
    const wanted = state.goal ? viewOf(state.goal, stage.extent) : state.view;
    const view = state.view = settle(wanted, size, stage.extent);
    state.goal = null;
    const isShown2 = ({ layer }) => !this.peeking || layer === this.image;
    this.wantTiles(isShown2);
    this.stage.draw(this.place, this.legend, view.fit, isShown2);
    this.toolbar.showZoom(view.zoom);
    const { ground } = this.data;
    this.stage.showScale(ground?.metres ? scaleBar(ground.metres, view.zoom) : null);
    this.root.dataset.zoom = view.zoom.toFixed(4);
    this.showPointer();
    this.root.dataset.ready = "1";
  }
  // Those of thresholds too, which hatch labels.
  wantTiles(isShown2) {
    const limits = [...this.legend.unsure.values()].filter(({ picture }) => picture.isTiled);
    const all = [0, 0, ...this.stage.panes[0].device];
    this.tiles.want([
      ...this.stage.wants(this.place, isShown2),
      ...limits.flatMap(({ picture }) => picture.wants(this.place, all, false))
    ]);
    this.root.dataset.pending = this.tiles.pending;
  }
  get place() {
    return place(this.state.view, this.data.size, this.stage.extent, this.stage.ratio);
  }
  showPointer() {
    const { cursor, image } = this;
    const { marker } = this.state;
    const { size, bands } = this.data;
    this.readout.showBands(bands, cursor, this.bandValues.at(bands, cursor));
    const step = [size[0] / image.picture.width, size[1] / image.picture.height];
    this.showSketches();
    this.stage.showPointer(this.place, size, { cursor, marker, step });
    if (cursor) {
      const { ground } = this.data;
      const map = ground ? mapText(ground, cursor) : "";
      this.readout.showPixel(cursor, map, readings(this.stage.read, cursor, size, this.legend));
    } else {
      const help = shortHelp(this, matchMedia("(pointer: coarse)").matches);
      this.readout.showSize(size, image.picture, help);
    }
  }
  showSketches() {
    const { data, tool, aim } = this;
    const text = tool ? tool.words(aimedAt(this.sketch, aim), data) || tool.title : "";
    this.stage.showSketches(this.place, data.size, shapesOf(data, this.state, aim), text);
  }
  // To a screen reader.
  say(text) {
    this.status.textContent = text;
  }
};

// main.js
var viewers = /* @__PURE__ */ new WeakMap();
function main_default({ data, parentElement, setTriggerValue, setStateValue }) {
  let viewer = viewers.get(parentElement);
  if (!viewer) {
    viewer = new Viewer(parentElement);
    viewers.set(parentElement, viewer);
  }
  viewer.update(data, {
    click: (pixel) => setTriggerValue("click", pixel),
    rectangle: (drawn) => setStateValue("rectangle", drawn)
  });
  return () => {
    viewers.delete(parentElement);
    viewer.destroy();
  };
}
export {
  main_default as default
};
