// The stage: one canvas that shows a live run, plays a recorded one, or takes a drawing.
// The same module runs as an anywidget view and inside the offline page. No dependencies.
// The binary format is described in gan_edu/scenes.py.

const MISSING = 65535; // code of a coordinate that is not finite
const POSITION_STEPS = 65534;
const UNKNOWN = 255; // code of a shade that is not finite
const HALF = 127; // code of D = 1/2
const FRAMES_PER_SECOND = 30;
const PAUSE_AT_END = 1500; // ms
const ANNOUNCE_EVERY = 3000; // ms, so that a screen reader is not flooded
const TAU = 2 * Math.PI;
const LEGEND_ORDER = ["data", "samples", "field", "flow", "arrows", "manifold", "trails", "curves", "tiles"];

// ---------------------------------------------------------------------------------------------- packed runs

/**
 * Opens a packed run (a single scene is a run of one frame); `frame(k)` gives views into it, no copies.
 * A single scene with paths is a run of as many frames as it has steps: `stepwise`.
 */
export function open(packed) {
  // the copy starts at 0, which aligns the uint16 blocks
  const buffer = packed.buffer.slice(packed.byteOffset, packed.byteOffset + packed.byteLength);
  const length = new DataView(buffer).getUint32(4, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
  const start = 8 + length;
  const frame = (k) => {
    const own = header.frames[k];
    const scene = { ...header.common, ...own, layers: {} };
    for (const [name, [offset, ...shape]] of Object.entries({ ...header.common.blocks, ...own.blocks })) {
      const size = shape.reduce((a, b) => a * b, 1);
      const bytes = name === "field" || name === "tiles" || name === "classes";
      scene.layers[name] = { shape, codes: new (bytes ? Uint8Array : Uint16Array)(buffer, start + offset, size) };
    }
    if (scene.curves.length)
      scene.layers.curves = scene.curves.map(([role, offset, points]) => ({
        role,
        codes: new Uint16Array(buffer, start + offset, 2 * points),
      }));
    if (scene.paths?.length)
      scene.layers.paths = scene.paths.map((path) => ({
        ...path,
        points: new Float32Array(buffer, start + path.points[0], 2 * path.points[1]),
        guide: new Float32Array(buffer, start + path.guide[0], 2 * path.guide[1]),
      }));
    return scene;
  };
  const { settings, frames: { length: count } } = header;
  const only = frame(0);
  if (count > 1 || !only.layers.paths) return { count, settings, frame };
  return { count: only.step + 1, settings, frame: (k) => ({ ...only, step: k }), stepwise: true };
}

// ---------------------------------------------------------------------------------------------- painting

const MARGIN = { left: 44, right: 14, top: 10, bottom: 30 };
const CURVE_DASHES = { real: [], fake: [], discriminator: [], optimum: [8, 6] };
const CURVE_HEIGHT = 0.85; // of a picture with curves, for a width of one

const channels = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));

/** 256 colours from fake over one half to real; the last code, "unknown", is transparent. */
function shadeTable(theme) {
  const [fake, half, real] = [theme.field_fake, theme.field_half, theme.field_real].map(channels);
  const table = new Uint32Array(256);
  for (let code = 0; code < UNKNOWN; code++) {
    const t = code / HALF - 1;
    const end = t < 0 ? fake : real;
    const [r, g, b] = half.map((h, i) => Math.round(h + Math.abs(t) * (end[i] - h)));
    table[code] = (255 << 24) | (b << 16) | (g << 8) | r;
  }
  return table;
}

/** The path of one marker around (x, y); `r` is half its width. */
function marker(context, kind, x, y, r) {
  const polygon = (...points) => {
    points.forEach(([px, py], i) => context[i ? "lineTo" : "moveTo"](x + r * px, y + r * py));
    context.closePath();
  };
  const cross = (turn) => {
    const [a, b] = [0.36, 1.1];
    const corners = [[-a, -b], [a, -b], [a, -a], [b, -a], [b, a], [a, a], [a, b], [-a, b], [-a, a], [-b, a], [-b, -a], [-a, -a]];
    polygon(...corners.map(([px, py]) => [px * Math.cos(turn) - py * Math.sin(turn), px * Math.sin(turn) + py * Math.cos(turn)]));
  };
  if (kind === "circle") { context.moveTo(x + r, y); context.arc(x, y, r, 0, TAU); }
  else if (kind === "square") polygon([-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]);
  else if (kind === "triangle-up") polygon([0, -1.2], [1.1, 0.85], [-1.1, 0.85]);
  else if (kind === "triangle-down") polygon([0, 1.2], [1.1, -0.85], [-1.1, -0.85]);
  else if (kind === "diamond") polygon([0, -1.25], [1.1, 0], [0, 1.25], [-1.1, 0]);
  else if (kind === "cross") cross(0);
  else if (kind === "x") cross(TAU / 8);
  else
    polygon(...Array.from({ length: 10 }, (_, i) => {
      const [angle, reach] = [(i * TAU) / 10, i % 2 ? 0.58 : 1.35];
      return [reach * Math.sin(angle), -reach * Math.cos(angle)];
    }));
}

/** Lines along D = 1/2 through the field's nodes, in node units; marching squares, then joined so that dashes run on. */
function contour(codes, rows, columns) {
  // an edge of the grid: node * 2 for the one to the right of a node, node * 2 + 1 for the one above it
  const first = new Int32Array(2 * rows * columns).fill(-1);
  const second = new Int32Array(2 * rows * columns).fill(-1);
  const touched = [];
  const join = (a, b) => {
    for (const [from, to] of [[a, b], [b, a]]) {
      if (first[from] < 0) { first[from] = to; touched.push(from); } else second[from] = to;
    }
  };
  for (let row = 0; row + 1 < rows; row++)
    for (let column = 0; column + 1 < columns; column++) {
      const node = row * columns + column;
      const [a, b, c, d] = [codes[node], codes[node + 1], codes[node + columns + 1], codes[node + columns]];
      const kind = (a > HALF) | ((b > HALF) << 1) | ((c > HALF) << 2) | ((d > HALF) << 3);
      if (kind === 0 || kind === 15 || a === UNKNOWN || b === UNKNOWN || c === UNKNOWN || d === UNKNOWN) continue;
      const [bottom, right, top, left] = [2 * node, 2 * (node + 1) + 1, 2 * (node + columns), 2 * node + 1];
      if (kind === 5 || kind === 10) {
        // a saddle: the mean decides which corners belong together
        const apart = (a + b + c + d > 4 * HALF) === (kind === 5);
        join(left, apart ? top : bottom);
        join(right, apart ? bottom : top);
      } else {
        const crossed = [];
        if (a > HALF !== b > HALF) crossed.push(bottom);
        if (b > HALF !== c > HALF) crossed.push(right);
        if (c > HALF !== d > HALF) crossed.push(top);
        if (d > HALF !== a > HALF) crossed.push(left);
        join(crossed[0], crossed[1]);
      }
    }
  const place = (edge) => {
    const node = edge >> 1;
    const next = node + (edge & 1 ? columns : 1);
    const t = (HALF - codes[node]) / (codes[next] - codes[node]);
    const [x, y] = [node % columns, Math.floor(node / columns)];
    return edge & 1 ? [x, y + t] : [x + t, y];
  };
  const lines = [];
  const follow = (start) => {
    const line = [];
    let [last, edge] = [-1, start];
    while (edge >= 0 && first[edge] !== -2) {
      line.push(place(edge));
      const next = first[edge] !== last ? first[edge] : second[edge];
      first[edge] = -2; // visited
      [last, edge] = [edge, next];
    }
    if (edge === start) line.push(line[0]);
    if (line.length > 1) lines.push(line);
  };
  for (const edge of touched) if (first[edge] >= 0 && second[edge] < 0) follow(edge); // open lines from their ends
  for (const edge of touched) if (first[edge] >= 0) follow(edge); // then the loops
  return lines;
}

function ticks(low, high, room) {
  const rough = (high - low) / Math.max(2, Math.min(6, room / 70));
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((nice) => nice * power >= rough * 0.999) * power;
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const marks = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++)
    marks.push([k * step, (k * step).toFixed(digits).replace(/^-(?=.*[1-9])/, "−").replace(/^-/, "")]);
  return marks;
}

/** Draws scenes on one canvas. `look` = {theme, palette, layers: Set, texts}. */
function makePainter(canvas) {
  const context = canvas.getContext("2d");
  const small = document.createElement("canvas"); // the field or a tile at its own resolution
  const smallContext = small.getContext("2d");
  let look, scene, plot, ratio, table, sprites;
  let width = 0;

  const visible = (name) => scene.layers[name] && look.layers.has(name);
  const emphasis = (name) => (scene.highlight.length && !scene.highlight.includes(name) ? 0.22 : 1);

  function layOut() {
    const [x0, x1, y0, y1] = scene.extent;
    const room = Math.max(40, width - MARGIN.left - MARGIN.right);
    const tall = scene.layers.curves ? CURVE_HEIGHT * room : Math.min((room * (y1 - y0)) / (x1 - x0), 1.25 * room);
    const wide = scene.layers.curves ? room : Math.min(room, (tall * (x1 - x0)) / (y1 - y0));
    const left = MARGIN.left + (room - wide) / 2;
    const total = Math.round(tall + MARGIN.top + MARGIN.bottom);
    plot = { left, top: MARGIN.top, width: wide, height: tall };
    // from codes to pixels: x = ax + bx * code, y = ay - by * code
    const [wx0, wx1, wy0, wy1] = scene.window;
    const [sx, sy] = [wide / (x1 - x0), tall / (y1 - y0)];
    plot.bx = ((wx1 - wx0) / POSITION_STEPS) * sx;
    plot.by = ((wy1 - wy0) / POSITION_STEPS) * sy;
    plot.ax = left + (wx0 - x0) * sx;
    plot.ay = plot.top + tall - (wy0 - y0) * sy;
    plot.x = (value) => left + (value - x0) * sx;
    plot.y = (value) => plot.top + tall - (value - y0) * sy;
    plot.inverse = (px, py) => [
      Math.min(x1, Math.max(x0, x0 + (px - left) / sx)),
      Math.min(y1, Math.max(y0, y0 + (plot.top + tall - py) / sy)),
    ];
    const [pixelsWide, pixelsTall] = [Math.round(width * ratio), Math.round(total * ratio)];
    if (canvas.width !== pixelsWide || canvas.height !== pixelsTall) {
      canvas.width = pixelsWide;
      canvas.height = pixelsTall;
      canvas.style.height = `${total}px`;
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  function axes() {
    const { theme } = look;
    const [x0, x1, y0, y1] = scene.extent;
    context.font = `${look.palette.font_size}px ${look.palette.font_family}`;
    context.strokeStyle = theme.grid;
    context.fillStyle = theme.muted;
    context.lineWidth = 1;
    context.beginPath();
    context.textAlign = "center";
    context.textBaseline = "top";
    for (const [value, label] of ticks(x0, x1, plot.width)) {
      const x = Math.round(plot.x(value)) + 0.5;
      context.moveTo(x, plot.top);
      context.lineTo(x, plot.top + plot.height + 4);
      context.fillText(label, x, plot.top + plot.height + 8);
    }
    context.textAlign = "right";
    context.textBaseline = "middle";
    // over a line only D has an axis, from 0 to 1
    for (const [value, label] of scene.layers.curves ? [[0, "0"], [0.5, "0.5"], [1, "1"]] : ticks(y0, y1, plot.height)) {
      const y = Math.round(plot.y(value)) + 0.5;
      context.moveTo(plot.left - 4, y);
      context.lineTo(plot.left + plot.width, y);
      context.fillText(label, plot.left - 8, y);
    }
    context.stroke();
  }

  function field({ codes, shape: [rows, columns] }) {
    small.width = columns;
    small.height = rows;
    const image = smallContext.createImageData(columns, rows);
    const pixels = new Uint32Array(image.data.buffer);
    for (let row = 0; row < rows; row++)
      for (let column = 0, from = row * columns, to = (rows - 1 - row) * columns; column < columns; column++)
        pixels[to + column] = table[codes[from + column]];
    smallContext.putImageData(image, 0, 0);
    // the nodes include the edges of the plot, so that the outer half pixels lie outside of it
    const [dx, dy] = [plot.width / Math.max(1, columns - 1), plot.height / Math.max(1, rows - 1)];
    context.imageSmoothingEnabled = true;
    context.drawImage(small, plot.left - dx / 2, plot.top - dy / 2, columns * dx, rows * dy);
    context.strokeStyle = look.theme.contour;
    context.lineWidth = 1.8;
    context.setLineDash([7, 5]);
    context.beginPath();
    for (const line of contour(codes, rows, columns))
      line.forEach(([x, y], i) =>
        context[i ? "lineTo" : "moveTo"](plot.left + x * dx, plot.top + plot.height - y * dy));
    context.stroke();
    context.setLineDash([]);
  }

  /** Adds points `first` to `last` to the current path as a line, with gaps where points are missing. */
  function line(codes, first, last) {
    const { ax, ay, bx, by } = plot;
    let pen = false;
    for (let i = 2 * first; i < 2 * last; i += 2) {
      if (codes[i] === MISSING) { pen = false; continue; }
      const [x, y] = [ax + bx * codes[i], ay - by * codes[i + 1]];
      if (pen) context.lineTo(x, y); else context.moveTo(x, y);
      pen = true;
    }
  }

  function manifold({ codes, shape: [lines, points] }) {
    context.strokeStyle = look.theme.fake;
    context.lineWidth = 1;
    context.globalAlpha *= 0.7;
    context.beginPath();
    for (let k = 0; k < lines; k++) line(codes, k * points, (k + 1) * points);
    context.stroke();
  }

  function trails({ codes, shape: [lines, points] }) {
    const shades = Math.min(8, points - 1); // one stroke for each shade, not for each segment
    const strength = context.globalAlpha;
    context.strokeStyle = look.theme.fake;
    context.lineWidth = 1.5;
    for (let shade = 0; shade < shades; shade++) {
      const [from, to] = [shade, shade + 1].map((s) => Math.round((s * (points - 1)) / shades));
      context.globalAlpha = strength * (0.08 + (0.6 * (shade + 1)) / shades);
      context.beginPath();
      for (let k = 0; k < lines; k++) line(codes, k * points + from, k * points + to + 1);
      context.stroke();
    }
  }

  /** A marker drawn once, at the resolution of the screen, then stamped. */
  function sprite(kind, colour, radius, hollow) {
    const key = `${kind} ${colour} ${radius} ${hollow}`;
    if (!sprites.has(key)) {
      const half = Math.ceil((1.4 * radius + 1.5) * ratio);
      const stamp = document.createElement("canvas");
      stamp.width = stamp.height = 2 * half;
      const pen = stamp.getContext("2d");
      pen.setTransform(ratio, 0, 0, ratio, half, half);
      pen.beginPath();
      marker(pen, kind, 0, 0, radius);
      pen.lineWidth = hollow ? 1.5 : 1;
      pen.strokeStyle = hollow ? colour : look.theme.background;
      pen.fillStyle = colour;
      pen.stroke();
      if (!hollow) pen.fill();
      sprites.set(key, { stamp, half });
    }
    return sprites.get(key);
  }

  /** Stamps points on whole device pixels; gives the number of finite points outside of the plot. */
  function points(codes, stamps, classes) {
    const { ax, ay, bx, by, left, top, width: wide, height: tall } = plot;
    const [right, bottom] = [left + wide, top + tall];
    let outside = 0;
    context.setTransform(1, 0, 0, 1, 0, 0);
    for (let i = 0, k = 0; i < codes.length; i += 2, k++) {
      if (codes[i] === MISSING) continue;
      const [x, y] = [ax + bx * codes[i], ay - by * codes[i + 1]];
      if (x < left || x > right || y < top || y > bottom) { outside++; continue; }
      const { stamp, half } = stamps[classes ? classes[k] % stamps.length : 0];
      context.drawImage(stamp, Math.round(x * ratio) - half, Math.round(y * ratio) - half);
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    return outside;
  }

  const radius = (count) => (count <= 300 ? 4.2 : count <= 1500 ? 3.3 : 2.4) * (plot.width < 360 ? 0.85 : 1);

  function data({ codes, shape: [count] }) {
    points(codes, [sprite("square", look.theme.real, radius(count) + 0.3, true)]);
  }

  function samples({ codes, shape: [count] }) {
    const { theme, palette } = look;
    const classes = scene.layers.classes?.codes;
    const stamps = classes
      ? theme.generators.map((colour, k) => sprite(palette.markers[k], colour, radius(count) + 0.4, false))
      : [sprite("circle", theme.fake, radius(count), false)];
    const outside = points(codes, stamps, classes);
    if (outside) note(`${outside.toLocaleString(look.texts.locale)} ${look.texts.outside}`);
  }

  /** A remark in the lower right corner of the plot, readable over anything. */
  function note(text) {
    context.globalAlpha = 1;
    context.textAlign = "right";
    context.textBaseline = "bottom";
    const [x, y, room] = [plot.left + plot.width - 8, plot.top + plot.height - 6, context.measureText(text).width];
    context.fillStyle = look.theme.background;
    context.fillRect(x - room - 5, y - look.palette.font_size - 5, room + 10, look.palette.font_size + 9);
    context.fillStyle = look.theme.ink;
    context.fillText(text, x, y);
  }

  const outlines = (codes, ax, ay, bx, by) => {
    const shafts = new Path2D();
    const heads = new Path2D();
    for (let i = 0; i < codes.length; i += 4) {
      if (codes[i] === MISSING || codes[i + 2] === MISSING) continue;
      const [x0, y0] = [ax + bx * codes[i], ay - by * codes[i + 1]];
      const [x1, y1] = [ax + bx * codes[i + 2], ay - by * codes[i + 3]];
      const length = Math.hypot(x1 - x0, y1 - y0);
      if (length < 1.5) continue;
      const [ux, uy, head] = [(x1 - x0) / length, (y1 - y0) / length, Math.min(9, 0.55 * length + 1)];
      const [hx, hy] = [x1 - head * ux, y1 - head * uy]; // the shaft ends inside the head
      shafts.moveTo(x0, y0);
      shafts.lineTo(x1 - 0.7 * head * ux, y1 - 0.7 * head * uy);
      heads.moveTo(x1, y1);
      heads.lineTo(hx - 0.42 * head * uy, hy + 0.42 * head * ux);
      heads.lineTo(hx + 0.42 * head * uy, hy - 0.42 * head * ux);
      heads.closePath();
    }
    return { shafts, heads };
  };
  const [arrowOutlines, flowOutlines] = [remember(outlines), remember(outlines)];

  function flow({ codes }) {
    const { shafts, heads } = flowOutlines(codes, plot.ax, plot.ay, plot.bx, plot.by);
    context.strokeStyle = context.fillStyle = look.theme.muted;
    context.globalAlpha *= 0.55;
    context.lineWidth = 1.1;
    context.stroke(shafts);
    context.fill(heads);
  }

  const pathPainter = makePathPainter();

  function paths(list) {
    pathPainter(context, list, scene.step, plot, look, ratio);
  }

  function arrows({ codes }) {
    const { shafts, heads } = arrowOutlines(codes, plot.ax, plot.ay, plot.bx, plot.by);
    const { theme } = look;
    context.strokeStyle = theme.background; // a halo, so that arrows stand out from points and field
    context.lineWidth = 3.6;
    context.stroke(shafts);
    context.lineWidth = 2;
    context.stroke(heads);
    context.strokeStyle = context.fillStyle = theme.arrow;
    context.lineWidth = 1.6;
    context.stroke(shafts);
    context.fill(heads);
  }

  function curves(list) {
    const strength = context.globalAlpha;
    const floor = Math.min(plot.y(0), plot.top + plot.height);
    for (const { role, codes } of list) {
      const colour = curveColour(role, look.theme);
      context.strokeStyle = context.fillStyle = colour;
      context.lineWidth = curveWeight(role);
      context.setLineDash(CURVE_DASHES[role]);
      context.beginPath();
      line(codes, 0, codes.length / 2);
      context.stroke();
      context.setLineDash([]);
      if (role === "real" && codes.length && !codes.includes(MISSING)) {
        context.lineTo(plot.ax + plot.bx * codes[codes.length - 2], floor);
        context.lineTo(plot.ax + plot.bx * codes[0], floor);
        context.globalAlpha = strength * 0.14;
        context.fill();
        context.globalAlpha = strength;
      }
      if (role === "fake") {
        // filled circles along the line, so that it is told from the real one without colour
        context.beginPath();
        for (let i = 0, next = -Infinity; i < codes.length; i += 2) {
          const [x, y] = [plot.ax + plot.bx * codes[i], plot.ay - plot.by * codes[i + 1]];
          if (codes[i] === MISSING || Math.abs(x - next) < 22) continue;
          marker(context, "circle", x, y, 3.6);
          next = x;
        }
        context.fill();
      }
    }
  }

  /** Words at points of the plane, readable over anything. */
  function notes(list) {
    for (const [x, y, words] of list) haloed(words, plot.x(x) + 6, plot.y(y), "left", "middle");
  }

  /** The names of x and y, inside of the plot at the ends of its axes. */
  function nameAxes([x, y]) {
    haloed(x, plot.left + plot.width - 6, plot.top + plot.height - 4, "right", "bottom");
    haloed(y, plot.left + 6, plot.top + 4, "left", "top");
  }

  /** Words that can be read over anything. */
  function haloed(words, x, y, align, baseline) {
    context.globalAlpha = 1;
    context.textAlign = align;
    context.textBaseline = baseline;
    context.lineJoin = "round";
    context.lineWidth = 5;
    context.strokeStyle = look.theme.background;
    context.fillStyle = look.theme.ink;
    context.strokeText(words, x, y);
    context.fillText(words, x, y);
  }

  function tiles({ codes, shape: [count, rows, columns] }) {
    const across = Math.max(1, Math.ceil(Math.sqrt((count * rows) / columns)));
    const down = Math.max(1, Math.ceil(count / across));
    // whole device pixels for every image pixel keep the images crisp
    const zoom = Math.max(1, Math.floor(Math.min(
      (width * ratio) / (across * (columns + 1)), (1.25 * width * ratio) / (down * (rows + 1)))));
    const gap = zoom / ratio;
    const [cellWide, cellTall] = [((columns + 1) * zoom) / ratio, ((rows + 1) * zoom) / ratio];
    const total = Math.ceil(down * cellTall + gap + 8);
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(total * ratio);
    canvas.style.height = `${total}px`;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = look.theme.background;
    context.fillRect(0, 0, width, total);
    context.imageSmoothingEnabled = false;
    small.width = columns;
    small.height = rows;
    const image = smallContext.createImageData(columns, rows);
    const pixels = new Uint32Array(image.data.buffer);
    const left = Math.floor(((width - across * cellWide) / 2) * ratio) / ratio;
    for (let k = 0; k < count; k++) {
      for (let i = 0, from = k * rows * columns; i < rows * columns; i++) {
        const code = codes[from + i];
        const grey = code === UNKNOWN ? 0 : Math.round(code * (255 / 254));
        pixels[i] = code === UNKNOWN ? 0 : (255 << 24) | (grey << 16) | (grey << 8) | grey;
      }
      smallContext.putImageData(image, 0, 0);
      const [x, y] = [left + (k % across) * cellWide + gap, 4 + Math.floor(k / across) * cellTall];
      context.drawImage(small, x, y, (columns * zoom) / ratio, (rows * zoom) / ratio);
    }
  }

  const PAINT = { field, flow, manifold, data, trails, samples, arrows, paths, curves };

  function paint(nextScene, extra) {
    scene = nextScene;
    ratio = window.devicePixelRatio || 1;
    if (!width) return; // hidden, or not laid out yet
    if (visible("tiles")) { tiles(scene.layers.tiles); return; }
    layOut();
    const { theme } = look;
    context.globalAlpha = 1;
    context.fillStyle = theme.background;
    context.fillRect(0, 0, width, canvas.height / ratio);
    axes();
    context.save();
    context.beginPath();
    context.rect(plot.left, plot.top, plot.width, plot.height);
    context.clip();
    for (const [name, draw] of Object.entries(PAINT)) {
      if (!visible(name)) continue;
      context.globalAlpha = emphasis(name);
      draw(scene.layers[name]);
    }
    notes(scene.notes ?? []);
    nameAxes(scene.axes ?? ["", ""]);
    extra?.(context, plot);
    context.restore();
    context.strokeStyle = theme.muted;
    context.lineWidth = 1;
    context.strokeRect(Math.round(plot.left) + 0.5, Math.round(plot.top) + 0.5, Math.round(plot.width), Math.round(plot.height));
    if (!Object.keys(scene.layers).length && !extra) {
      context.fillStyle = theme.muted;
      context.textAlign = "center";
      context.textBaseline = "middle";
      context.fillText(look.texts.empty, plot.left + plot.width / 2, plot.top + plot.height / 2);
    }
  }

  return {
    paint,
    resize: (nextWidth) => { width = nextWidth; },
    place: (event) => {
      const box = canvas.getBoundingClientRect();
      return plot.inverse(event.clientX - box.left, event.clientY - box.top);
    },
    nudge: ([x, y], [dx, dy], stride) => {
      const [x0, x1] = scene.extent;
      const far = stride * (x1 - x0);
      return plot.inverse(plot.x(x + dx * far), plot.y(y + dy * far));
    },
    use: (nextLook) => {
      look = nextLook;
      table = shadeTable(look.theme);
      sprites = new Map();
    },
  };
}

const curveColour = (role, theme) =>
  ({ real: theme.real, fake: theme.fake, discriminator: theme.contour, optimum: theme.optimum })[role];

const curveWeight = (role) => (role === "discriminator" ? 4 : 2.5);

// ---------------------------------------------------------------------------------------------- small HTML helpers

function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  // JupyterLab's notebook shortcuts swallow arrow keys unless the focused element itself says otherwise
  if (["button", "input", "select", "canvas"].includes(tag)) node.dataset.lmSuppressShortcuts = "true";
  node.append(...children);
  return node;
}

/** A swatch and its word, which stay on one line. */
const pair = (picture, word) => element("span", { class: "gan-stage-pair" }, picture, word);

/** A picture of a layer's mark for the legend. */
function swatch(wide, draw) {
  const canvas = element("canvas", { "aria-hidden": "true", class: "gan-stage-swatch" });
  const ratio = window.devicePixelRatio || 1;
  canvas.width = wide * ratio;
  canvas.height = 16 * ratio;
  canvas.style.width = `${wide}px`;
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  context.beginPath();
  draw(context);
  return canvas;
}

function lineSwatch(colour, dash, weight = 2.5, dots = false) {
  return swatch(30, (context) => {
    context.strokeStyle = context.fillStyle = colour;
    context.lineWidth = weight;
    context.setLineDash(dash);
    context.moveTo(1, 8);
    context.lineTo(29, 8);
    context.stroke();
    context.setLineDash([]);
    context.beginPath();
    if (dots) for (const x of [8, 22]) marker(context, "circle", x, 8, 3.6);
    context.fill();
  });
}

function markSwatch(kind, colour, hollow) {
  return swatch(16, (context) => {
    marker(context, kind, 8, 8, 5);
    context.strokeStyle = context.fillStyle = colour;
    context.lineWidth = 1.8;
    if (hollow) context.stroke(); else context.fill();
  });
}

/** What the legend says about one layer: swatches and words. */
function legendEntry(name, { theme, palette, texts }, scene) {
  const reading = scene.reading ?? "probability";
  const scaled = reading !== "probability"; // to what is lowest and highest in the picture
  if (name === "field")
    return [`${scaled ? texts[reading] : texts.field}:`, scaled ? texts.lowest : texts.field_fake, swatch(56, (context) => {
      const fill = context.createLinearGradient(0, 0, 56, 0);
      fill.addColorStop(0, theme.field_fake);
      fill.addColorStop(0.5, theme.field_half);
      fill.addColorStop(1, theme.field_real);
      context.fillStyle = fill;
      context.fillRect(0, 0, 56, 16);
      context.strokeStyle = theme.muted;
      context.strokeRect(0.5, 0.5, 55, 15);
      context.strokeStyle = theme.contour;
      context.setLineDash([4, 3]);
      context.lineWidth = 1.8;
      context.moveTo(28, 1);
      context.lineTo(28, 16);
      context.stroke();
    }), scaled ? texts.highest : texts.field_real];
  if (name === "data") return [markSwatch("square", theme.real, true), texts.data];
  if (name === "samples") {
    const classes = scene.layers.classes?.codes;
    if (!classes) return [markSwatch("circle", theme.fake, false), texts.samples];
    const count = Math.min(theme.generators.length, 1 + classes.reduce((a, b) => Math.max(a, b), 0));
    return [texts.generator, ...theme.generators.slice(0, count).map((colour, k) =>
      pair(markSwatch(palette.markers[k], colour, false), String(k + 1)))];
  }
  if (name === "trails") return [lineSwatch(theme.fake, [], 1.5), texts.trails];
  if (name === "manifold")
    return [swatch(20, (context) => {
      for (const p of [3, 8, 13]) { context.moveTo(1, p); context.lineTo(19, p); }
      for (const p of [4, 10, 16]) { context.moveTo(p, 1); context.lineTo(p, 15); }
      context.strokeStyle = theme.fake;
      context.stroke();
    }), texts.manifold];
  if (name === "arrows" || name === "flow")
    return [swatch(24, (context) => {
      context.fillStyle = context.strokeStyle = name === "flow" ? theme.muted : theme.arrow;
      context.lineWidth = 1.6;
      context.moveTo(1, 8);
      context.lineTo(16, 8);
      context.stroke();
      context.beginPath();
      context.moveTo(23, 8);
      context.lineTo(14, 4);
      context.lineTo(14, 12);
      context.fill();
    }), texts[name]];
  if (name === "curves")
    return [...new Set(scene.layers.curves.map((curve) => curve.role))].map((role) =>
      pair(lineSwatch(curveColour(role, theme), CURVE_DASHES[role], curveWeight(role), role === "fake"),
        scaled && role === "discriminator" ? texts.scaled.replace("{reading}", texts[reading]) : texts[`role_${role}`]));
  return [texts.tiles];
}

function darkPage() {
  const { dataset, classList } = document.body;
  if (dataset.jpThemeLight !== undefined) return dataset.jpThemeLight === "false"; // JupyterLab, Notebook 7, Voilà
  if (classList.contains("vscode-dark")) return true;
  if (classList.contains("vscode-light")) return false;
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

// ---------------------------------------------------------------------------------------------- the widget

function render({ model, el }) {
  const closing = new AbortController();
  const listen = (target, name, handler) => target.addEventListener(name, handler, { signal: closing.signal });
  const texts = model.get("texts");
  const palette = model.get("palette");

  const title = element("span", { class: "gan-stage-title" });
  const caption = element("span", { class: "gan-stage-caption" });
  const spoken = element("div", { class: "gan-stage-spoken", "aria-live": "polite" });
  const canvas = element("canvas", { class: "gan-stage-canvas", role: "img", tabindex: "0" });
  const legend = element("div", { class: "gan-stage-legend", role: "group", "aria-label": texts.layers });
  const controls = element("div", { class: "gan-stage-controls" });
  const [distance, circle] = [texts.distance, texts.eigenvalues].map((words) =>
    element("canvas", { class: "gan-stage-chart", role: "img", "aria-label": words }));
  const pathList = element("div", { class: "gan-stage-paths", role: "group", "aria-label": texts.paths });
  const root = element("div", { class: "gan-stage", "data-drawn": "0" },
    element("div", { class: "gan-stage-head" }, title, caption),
    element("div", { class: "gan-stage-plots" }, canvas, element("div", { class: "gan-stage-charts" }, distance, circle)),
    element("div", { class: "gan-stage-bar" }, legend, controls), pathList, spoken);
  el.classList.add("gan-stage-host");
  el.append(root);

  const painter = makePainter(canvas);
  const charts = makePathCharts(distance, circle);
  const listPaths = makePathList(pathList, { texts, toggle: togglePath });
  let look;
  let latest = model.get("scene"); // newest packed scene, from a message or from the model
  let scene = open(latest).frame(0);
  let tool = null; // the player or the drawing tool
  let seen = new Map(); // layer -> the newest scene that had it, so that the legend does not jump

  // ---- what surrounds the picture

  let announced = 0;
  let announcing = 0;
  function announce(text) {
    clearTimeout(announcing);
    announcing = setTimeout(() => {
      announced = performance.now();
      spoken.textContent = text;
    }, Math.max(50, announced + ANNOUNCE_EVERY - performance.now()));
  }

  let described = "";
  function describe() {
    if (title.textContent !== scene.title) title.textContent = scene.title;
    if (caption.textContent !== scene.caption) caption.textContent = caption.title = scene.caption;
    const paths = scene.paths?.filter((path) => path.words).map((path) => `${path.label}: ${path.words}`) ?? [];
    const words = [model.get("alt"), scene.title, scene.caption, ...paths].filter(Boolean).join(". ");
    if (words === described) return;
    described = words;
    canvas.setAttribute("aria-label", words);
    announce([scene.caption, ...paths].join(". "));
  }

  let legendKey = "";
  function drawLegend() {
    for (const name of Object.keys(scene.layers)) if (name !== "classes") seen.set(name, scene);
    for (const name of model.get("offered") ?? []) if (!seen.has(name)) seen.set(name, scene);
    const shown = model.get("layers");
    const roles = scene.layers.curves?.map((curve) => curve.role);
    const generators = scene.layers.classes && scene.layers.classes.codes.reduce((a, b) => Math.max(a, b), 0);
    const key = JSON.stringify([[...seen.keys()], shown, roles, generators, scene.reading, look.theme.background]);
    if (key === legendKey) return;
    legendKey = key;
    for (const name of LEGEND_ORDER) {
      let button = legend.querySelector(`[data-layer="${name}"]`);
      if (!seen.has(name)) { button?.remove(); continue; }
      if (!button) {
        button = element("button", { type: "button", "data-layer": name });
        listen(button, "click", () => {
          const layers = model.get("layers");
          model.set("layers", layers.includes(name) ? layers.filter((layer) => layer !== name) : [...layers, name]);
          model.save_changes();
          refresh();
        });
        // in the order of the legend, without moving a button that may have the focus
        const after = LEGEND_ORDER.slice(LEGEND_ORDER.indexOf(name) + 1);
        legend.insertBefore(button, after.map((other) => legend.querySelector(`[data-layer="${other}"]`)).find(Boolean) ?? null);
      }
      button.setAttribute("aria-pressed", String(shown.includes(name)));
      button.replaceChildren(...legendEntry(name, look, seen.get(name)).map((part) =>
        typeof part === "string" ? element("span", {}, part) : part));
    }
  }

  const chosen = () => model.get("chosen") ?? scene.layers.paths.map((path) => path.name);
  function togglePath(name) {
    const before = chosen();
    model.set("chosen", before.includes(name) ? before.filter((other) => other !== name) : [...before, name]);
    model.save_changes();
    refresh();
  }
  listen(root, "keydown", (event) => {
    const path = /^\d$/.test(event.key) && scene.layers.paths?.[(Number(event.key) + 9) % 10];
    if (!path || event.ctrlKey || event.metaKey || event.altKey || event.target.tagName === "SELECT") return;
    event.preventDefault();
    togglePath(path.name);
  });

  function refresh() {
    look = { ...look, layers: new Set(model.get("layers")), chosen: model.get("chosen") };
    painter.use(look);
    charts.use(look);
    drawLegend();
    repaint();
  }

  function repaint() {
    painter.paint(scene, tool?.paint);
    if (!scene.layers.paths) return;
    charts.paint(scene, tool?.last ?? scene.step);
    listPaths(scene.layers.paths, look);
  }

  function applyTheme() {
    const wish = model.get("theme");
    const name = wish === "auto" ? (darkPage() ? "dark" : "light") : wish;
    const theme = palette[name];
    root.dataset.theme = name;
    for (const part of ["background", "panel", "ink", "muted", "grid", "focus"]) root.style.setProperty(`--gan-${part}`, theme[part]);
    root.style.setProperty("--gan-font", `${palette.font_size}px ${palette.font_family}`);
    // a variable, because the layout of ipywidgets clears `width` itself
    el.style.setProperty("--gan-size", `${model.get("size")}px`);
    look = { theme, palette, texts };
    refresh();
    model.send({ kind: "theme", theme: name }); // for what is drawn beside it
  }

  // ---- frames

  function show(nextScene, number) {
    scene = nextScene;
    describe();
    drawLegend();
    repaint();
    root.toggleAttribute("data-paths", Boolean(scene.layers.paths));
    root.dataset.frame = number;
    root.dataset.step = scene.step;
    root.dataset.drawn = Number(root.dataset.drawn) + 1;
  }

  let waiting = false;
  let newest = 0; // number of the newest frame
  model.on("msg:custom", (message, buffers) => {
    if (!(message.frame >= newest)) return; // stale
    newest = message.frame;
    latest = buffers[0];
    if (waiting) return;
    waiting = true;
    // one drawing per screen refresh; of the frames that came meanwhile only the newest is drawn
    requestAnimationFrame(() => {
      waiting = false;
      if (closing.signal.aborted) return;
      if (model.get("mode") === "live") show(open(latest).frame(0), newest);
      if (model.get("mode") === "paths") tool.take(open(latest));
      model.send({ kind: "drawn", frame: newest });
    });
  });

  // ---- modes

  function startMode() {
    tool?.stop();
    tool = null;
    controls.replaceChildren();
    seen = new Map();
    legend.replaceChildren();
    legendKey = "";
    const mode = model.get("mode");
    root.dataset.mode = mode;
    const run = model.get("run");
    if (mode === "player" && run.byteLength) tool = makePlayer(open(run));
    else if (mode === "paths") tool = makeOrbits();
    else {
      scene = open(latest).frame(0);
      if (mode === "draw") tool = makeDrawing();
      show(scene, newest);
    }
  }

  /** Paths that play while their settings change: the player, and a start that is chosen in the plane. */
  function makeOrbits() {
    const off = new AbortController();
    const on = (target, name, handler) => target.addEventListener(name, handler, { signal: off.signal });
    const moved = (what) => (what === "held" ? player.seek(player.last) : player.replay());
    const paint = makeStart({ canvas, painter, model, on, moved, announce, texts }); // hears the arrow keys first
    const player = makePlayer(open(latest), true);
    controls.append(element("div", { class: "gan-stage-help" }, texts.paths_help));
    return {
      ...player,
      get last() { return player.last; },
      paint: (context, plot) => paint(context, plot, look),
      changed: repaint,
      stop: () => { off.abort(); player.stop(); },
    };
  }

  function makePlayer(given, stepwise = given.stepwise) {
    let run = given;
    let last = run.count - 1;
    const play = element("button", { type: "button", class: "gan-stage-play" });
    const timeline = element("input", { type: "range", min: 0, max: last, step: 1, "aria-label": texts.timeline, class: "gan-stage-timeline" });
    const paces = stepwise
      ? STEPS_PER_SECOND.map((pace) => [pace, `${pace} ${texts.steps_per_second}`, pace === USUAL_PACE])
      : [0.1, 0.25, 0.5, 1, 2, 4].map((rate) => [FRAMES_PER_SECOND * rate, `${rate}×`, rate === 1]);
    const speed = element("select", { "aria-label": texts.speed, class: "gan-stage-speed" },
      ...paces.map(([pace, words, usual]) => element("option", { value: pace, ...(usual && { selected: "" }) }, words)));
    const readout = element("output", { class: "gan-stage-readout", "aria-label": texts.frame });
    const makeRoom = () => { readout.style.minWidth = `${2 * String(run.count).length + 1}ch`; }; // nothing moves while it counts
    makeRoom();
    const step = element("button", { type: "button", class: "gan-stage-step", "aria-label": texts.one_step, title: texts.one_step }, "❚▶\uFE0E");
    controls.append(play, ...(stepwise ? [step] : []), timeline, speed, readout);
    const off = new AbortController();
    const on = (target, name, handler) => target.addEventListener(name, handler, { signal: off.signal });
    let frame = -1;
    let position = 0; // in frames, with a fraction
    let playing = 0; // the number of the animation request
    let before = 0;
    let inView = true;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;

    function go(k) {
      const next = Math.min(last, Math.max(0, Math.floor(k)));
      if (next === frame) return;
      frame = next;
      timeline.value = next;
      show(run.frame(next), next);
      readout.textContent = stepwise ? `${next}/${last}` : `${next + 1}/${run.count}`;
      timeline.setAttribute("aria-valuetext", scene.caption || `${texts.step} ${scene.step.toLocaleString(texts.locale)}`);
    }
    function tell() {
      if (model.get("position") === frame) return;
      model.set("position", frame);
      model.save_changes();
    }
    function tick(now) {
      const elapsed = Math.min(100, now - before);
      before = now;
      if (inView) position += (elapsed / 1000) * Number(speed.value);
      if (stepwise && position >= last) {
        go(last);
        setPlaying(false);
        return;
      }
      if (position >= last + 1 + (PAUSE_AT_END / 1000) * Number(speed.value)) position = 0;
      go(position);
      playing = requestAnimationFrame(tick);
    }
    function setPlaying(on) {
      cancelAnimationFrame(playing);
      playing = 0;
      if (on) {
        if (frame === last) position = 0;
        before = performance.now();
        playing = requestAnimationFrame(tick);
      } else tell();
      play.textContent = on ? "❚❚" : "▶\uFE0E";
      play.setAttribute("aria-label", on ? texts.pause : texts.play);
      root.dataset.playing = String(on);
    }
    function seek(k) {
      if (playing) setPlaying(false);
      position = Math.min(last, Math.max(0, k));
      go(position);
      tell();
    }
    on(play, "click", () => setPlaying(!playing));
    on(step, "click", () => seek(frame === last ? 0 : frame + 1));
    on(timeline, "input", () => seek(Number(timeline.value)));
    for (const target of [canvas, timeline])
      on(target, "keydown", (event) => {
        if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
        const stride = event.shiftKey ? 10 : 1;
        const keys = {
          " ": () => setPlaying(!playing),
          ArrowRight: () => seek(frame + stride), ArrowUp: () => seek(frame + stride),
          ArrowLeft: () => seek(frame - stride), ArrowDown: () => seek(frame - stride),
          PageUp: () => seek(frame + 10), PageDown: () => seek(frame - 10),
          Home: () => seek(0), End: () => seek(last),
        };
        if (!keys[event.key]) return;
        event.preventDefault();
        keys[event.key]();
      });
    const watch = new IntersectionObserver(([entry]) => { inView = entry.isIntersecting; });
    watch.observe(canvas);
    position = model.get("position");
    go(position);
    setPlaying(model.get("autoplay") && !calm);
    /** Another run in place of this one, at the same step. */
    function take(next) {
      const atEnd = !playing && frame === last;
      run = next;
      last = run.count - 1;
      timeline.max = last;
      makeRoom();
      position = atEnd ? last : Math.min(position, last);
      frame = -1;
      go(position);
    }
    return {
      seek,
      take,
      replay: () => {
        if (calm) return;
        position = 0;
        setPlaying(true);
      },
      get last() { return last; },
      stop: () => { off.abort(); cancelAnimationFrame(playing); watch.disconnect(); },
    };
  }

  function makeDrawing() {
    const undo = element("button", { type: "button", class: "gan-stage-undo" }, texts.undo);
    const clear = element("button", { type: "button", class: "gan-stage-clear" }, texts.clear);
    const readout = element("output", { class: "gan-stage-readout" });
    controls.append(undo, clear, readout, element("div", { class: "gan-stage-help" }, texts.draw_help));
    const off = new AbortController();
    const on = (target, name, handler) => target.addEventListener(name, handler, { signal: off.signal });
    const history = []; // what was there before each change
    const [x0, x1, y0, y1] = scene.extent;
    let active = null; // the stroke under the pointer
    let cross = null; // the keyboard's cursor

    const strokes = () => model.get("strokes");
    const round = (point) => point.map((value) => Number(value.toPrecision(5)));
    const count = () => { readout.textContent = `${texts.strokes}: ${strokes().length}`; };
    function change(next) {
      history.push(strokes());
      model.set("strokes", next);
      model.save_changes();
      count();
      repaint();
    }
    function takeBack() {
      if (!history.length && !strokes().length) return;
      const before = history.length ? history.pop() : strokes().slice(0, -1);
      model.set("strokes", before);
      model.save_changes();
      count();
      repaint();
    }
    function finish() {
      if (!active) return;
      const stroke = active;
      active = null;
      change([...strokes(), stroke]);
    }
    on(undo, "click", takeBack);
    on(clear, "click", () => {
      if (!strokes().length) return;
      change([]);
      readout.textContent = texts.cleared;
    });
    on(canvas, "pointerdown", (event) => {
      if (event.button !== 0 || active) return;
      canvas.setPointerCapture(event.pointerId);
      cross = null;
      active = [round(painter.place(event))];
      repaint();
    });
    on(canvas, "pointermove", (event) => {
      if (!active) return;
      const gap = (x1 - x0) / 200; // closer points add nothing
      for (const part of event.getCoalescedEvents?.() ?? [event]) {
        const point = round(painter.place(part));
        const [x, y] = active[active.length - 1];
        if (Math.hypot(point[0] - x, point[1] - y) >= gap) active.push(point);
      }
      repaint();
    });
    on(canvas, "pointerup", finish);
    on(canvas, "pointercancel", finish);
    on(canvas, "keydown", (event) => {
      const undoKey = (event.ctrlKey || event.metaKey) && event.key === "z";
      const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
      if (undoKey || event.key === "Backspace" || event.key === "Delete") takeBack();
      else if (moves[event.key] || event.key === " ") {
        cross ??= [(x0 + x1) / 2, (y0 + y1) / 2];
        const stride = 1 / (event.shiftKey ? 200 : 40);
        const [dx, dy] = moves[event.key] ?? [0, 0];
        cross = [
          Math.min(x1, Math.max(x0, cross[0] + dx * stride * (x1 - x0))),
          Math.min(y1, Math.max(y0, cross[1] + dy * stride * (y1 - y0))),
        ];
        if (event.key === " ") change([...strokes(), [round(cross)]]);
        const words = `${texts.cursor} ${cross.map((value) => value.toFixed(2)).join(", ")}`;
        readout.textContent = `${texts.strokes}: ${strokes().length} · ${words}`;
        announce(words);
        repaint();
      } else return;
      event.preventDefault();
    });
    on(canvas, "blur", () => { cross = null; repaint(); });
    count();

    function paint(context, plot) {
      context.strokeStyle = context.fillStyle = look.theme.real;
      context.lineWidth = 6;
      context.lineCap = context.lineJoin = "round";
      for (const stroke of active ? [...strokes(), active] : strokes()) {
        context.beginPath();
        stroke.forEach(([x, y], i) => context[i ? "lineTo" : "moveTo"](plot.x(x), plot.y(y)));
        if (stroke.length === 1) context.lineTo(plot.x(stroke[0][0]), plot.y(stroke[0][1]) + 0.01);
        context.stroke();
      }
      if (cross) {
        const [x, y] = [plot.x(cross[0]), plot.y(cross[1])];
        context.lineCap = "butt";
        for (const [colour, weight] of [[look.theme.background, 5], [look.theme.ink, 2]]) {
          context.strokeStyle = colour;
          context.lineWidth = weight;
          context.beginPath();
          for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
            context.moveTo(x + 4 * dx, y + 4 * dy);
            context.lineTo(x + 14 * dx, y + 14 * dy);
          }
          context.stroke();
        }
      } else if (!active && !strokes().length) {
        context.fillStyle = look.theme.muted;
        context.textAlign = "center";
        context.textBaseline = "middle";
        context.fillText(texts.draw, plot.left + plot.width / 2, plot.top + plot.height / 2);
      }
    }
    return { paint, changed: () => { count(); repaint(); }, stop: () => off.abort() };
  }

  // ---- the model and the page

  model.on("change:scene", () => {
    latest = model.get("scene");
    if (model.get("mode") === "paths") tool.take(open(latest));
    else if (model.get("mode") !== "player") show(open(latest).frame(0), newest);
  });
  model.on("change:run", startMode);
  model.on("change:mode", startMode);
  model.on("change:layers", refresh);
  model.on("change:offered", startMode);
  model.on("change:strokes", () => tool?.changed?.());
  model.on("change:start", () => tool?.changed?.());
  model.on("change:chosen", refresh);
  model.on("change:position", () => tool?.seek?.(model.get("position")));
  model.on("change:theme", applyTheme);
  model.on("change:size", applyTheme);
  model.on("change:alt", describe);

  applyTheme();
  startMode();

  const widths = new Map();
  const resized = new ResizeObserver((entries) => {
    // painting sets the height, which ends up here as well
    const changed = entries.filter(({ target, contentRect }) => contentRect.width !== (widths.get(target) ?? 0));
    for (const { target, contentRect } of changed) {
      widths.set(target, contentRect.width);
      (target === canvas ? painter : charts).resize(contentRect.width);
    }
    if (changed.length) repaint();
  });
  resized.observe(canvas);
  resized.observe(distance);
  const themed = new MutationObserver(applyTheme);
  themed.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "class"] });
  listen(matchMedia("(prefers-color-scheme: dark)"), "change", applyTheme);
  model.send({ kind: "ready" });

  return () => {
    closing.abort();
    tool?.stop();
    clearTimeout(announcing);
    resized.disconnect();
    themed.disconnect();
  };
}

export default { render };
