// Paths in the plane: the steps of a planar game, their distance from the origin, the eigenvalues of one step.
// Joined to stage.js as one module (gan_edu/figures/canvas.py), because a widget's script is a single text.

const PATH_DASHES = [[], [9, 4], [2, 3], [10, 3, 2, 3]];
const STEPS_PER_SECOND = [5, 15, 30, 60, 120, 300, 1000];
const USUAL_PACE = 60;
const TAIL = 30; // the newest steps, drawn stronger
const DECADES = 4; // the distance is shown from 10^-4 to 10^4 times the one at the start: an axis that never jumps
const ZOOMS = [0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.4]; // half the width of what is shown of the complex plane
const SHARE = 0.44; // of the height, for the distance
const LESS = 18; // pixels by which the plane is less high than wide
const CHART_MARGIN = { left: 48, right: 10, top: 22, bottom: 22 };
const NUDGE = 1 / 80; // of the picture's width: what an arrow key moves the start by

const pathLook = (style, { theme, palette }) => {
  const many = theme.generators.length;
  return {
    colour: theme.generators[style % many],
    // the second turn of the colours has other markers and dashes
    marker: palette.markers[(style + 3 * Math.floor(style / many)) % many],
    dash: PATH_DASHES[(style + Math.floor(style / many)) % PATH_DASHES.length],
  };
};

/** The paths that the reader has switched on, with their points. */
const chosenPaths = (paths, chosen) => paths.filter((path) => path.points.length && (!chosen || chosen.includes(path.name)));

/** The last result again, for as long as no argument has changed. */
function remember(make) {
  let known, result;
  return (...given) => {
    if (known?.some((value, i) => value !== given[i]) !== false) [known, result] = [given, make(...given)];
    return result;
  };
}

/** A canvas beside the picture, as large as another one, with its own pen; `draw` gets the pen. */
function drawSheet(like, ratio, draw) {
  const sheet = document.createElement("canvas");
  [sheet.width, sheet.height] = [like.width, like.height];
  const pen = sheet.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  draw(pen);
  return sheet;
}

function stamp(context, sheet, strength = 1) {
  context.save();
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.globalAlpha *= strength;
  context.drawImage(sheet, 0, 0);
  context.restore();
}

/**
 * Lines that grow with the steps. What was drawn stays on a sheet of its own, so that a frame costs only what is new.
 * A line is {pixels: [x0, y0, x1, y1, ...], look}; `lines` is the same array while nothing but the step changes.
 */
function makeGrowingLines() {
  let known, sheet, pen, drawn, lengths;
  return (context, lines, step, box, ratio, weight) => {
    if (lines !== known || step < drawn) {
      known = lines;
      drawn = 0;
      lengths = lines.map(() => 0);
      sheet = drawSheet(context.canvas, ratio, (fresh) => {
        pen = fresh;
        pen.beginPath();
        pen.rect(box.left, box.top, box.width, box.height);
        pen.clip();
        pen.lineWidth = weight;
        pen.lineJoin = "round";
      });
    }
    // a segment from or to somewhere far outside would be cut into countless dashes
    const far = 4 * Math.max(box.width, box.height);
    const near = (x, y) => Math.abs(x - box.left) < far && Math.abs(y - box.top) < far;
    lines.forEach(({ pixels, look }, i) => {
      const last = Math.min(step, pixels.length / 2 - 1);
      if (last <= drawn) return;
      pen.strokeStyle = look.colour;
      pen.setLineDash(look.dash);
      pen.lineDashOffset = lengths[i]; // the dashes run on
      pen.beginPath();
      let on = false;
      let [x, y] = [pixels[2 * drawn], pixels[2 * drawn + 1]];
      for (let k = drawn + 1; k <= last; k++) {
        const [nextX, nextY] = [pixels[2 * k], pixels[2 * k + 1]];
        if (near(x, y) && near(nextX, nextY)) {
          if (!on) pen.moveTo(x, y);
          pen.lineTo(nextX, nextY);
          lengths[i] = (lengths[i] + Math.hypot(nextX - x, nextY - y)) % 1e6;
          on = true;
        } else on = false;
        [x, y] = [nextX, nextY];
      }
      pen.stroke();
    });
    drawn = Math.max(drawn, step);
    stamp(context, sheet);
  };
}

/** Where a path has come to; of those that lie on each other the later ones are smaller, so that all are seen. */
function drawHead(context, look, x, y, theme, rank, scale = 1) {
  context.beginPath();
  marker(context, look.marker, x, y, scale * Math.max(3.5, 8 - 1.5 * rank));
  context.strokeStyle = theme.background;
  context.fillStyle = look.colour;
  context.lineWidth = 2;
  context.setLineDash([]);
  context.stroke();
  context.fill();
}

/** Draws the paths of a scene in the plane; belongs to one painter. */
function makePathPainter() {
  const grow = makeGrowingLines();
  const toPixels = remember((paths, look, ax, ay, bx, by) =>
    chosenPaths(paths, look.chosen).map((path) => ({
      look: pathLook(path.style, look),
      pixels: path.points.map((value, i) => (i % 2 ? ay - by * value : ax + bx * value)),
      guide: path.guide.map((value, i) => (i % 2 ? ay - by * value : ax + bx * value)),
    })));
  return (context, paths, step, plot, look, ratio) => {
    const { theme } = look;
    const bx = plot.x(1) - plot.x(0);
    const by = plot.y(0) - plot.y(1);
    const lines = toPixels(paths, look, plot.x(0), plot.y(0), bx, by);
    // through the equilibrium
    context.strokeStyle = theme.muted;
    context.lineWidth = 1.2;
    context.setLineDash([]);
    context.beginPath();
    context.moveTo(plot.left, plot.y(0));
    context.lineTo(plot.left + plot.width, plot.y(0));
    context.moveTo(plot.x(0), plot.top);
    context.lineTo(plot.x(0), plot.top + plot.height);
    context.stroke();
    for (const { guide, look: own } of lines) {
      context.strokeStyle = own.colour;
      context.lineWidth = 1;
      context.beginPath();
      for (let i = 0; i < guide.length; i += 2) context[i ? "lineTo" : "moveTo"](guide[i], guide[i + 1]);
      context.stroke();
    }
    context.save();
    context.globalAlpha *= 0.62;
    grow(context, lines, step, plot, ratio, 1.6);
    context.restore();
    const inside = (x, y) => x > plot.left - 1e4 && x < plot.left + 1e4 && y > plot.top - 1e4 && y < plot.top + 1e4;
    for (const { pixels, look: own } of lines) {
      const last = Math.min(step, pixels.length / 2 - 1);
      context.strokeStyle = context.fillStyle = own.colour;
      context.lineWidth = 2.4;
      context.lineJoin = "round";
      context.beginPath();
      let on = false;
      for (let k = Math.max(0, last - TAIL); k <= last; k++) {
        const [x, y] = [pixels[2 * k], pixels[2 * k + 1]];
        if (inside(x, y)) context[on ? "lineTo" : "moveTo"](x, y);
        on = inside(x, y);
      }
      context.stroke();
      context.beginPath();
      for (let k = Math.max(0, last - TAIL); k < last; k++) {
        const [x, y] = [pixels[2 * k], pixels[2 * k + 1]];
        if (inside(x, y)) marker(context, "circle", x, y, 2.2);
      }
      context.fill();
    }
    lines.forEach(({ pixels, look: own }, rank) => {
      const last = Math.min(step, pixels.length / 2 - 1);
      const [x, y] = [pixels[2 * last], pixels[2 * last + 1]];
      if (inside(x, y)) drawHead(context, own, x, y, theme, rank);
    });
  };
}

/** The charts beside the plane: distance against the step, and eigenvalues with the unit circle. */
function makePathCharts(distanceCanvas, circleCanvas) {
  const grow = makeGrowingLines();
  let look, width = 0;

  function frame(canvas, height, ratio) {
    const [wide, tall] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== wide || canvas.height !== tall) {
      [canvas.width, canvas.height] = [wide, tall];
      canvas.style.height = `${height}px`;
    }
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const { left, right, top, bottom } = CHART_MARGIN;
    return { context, box: { left, top, width: Math.max(20, width - left - right), height: height - top - bottom } };
  }

  /** Background, heading, grid and numbers; marks are [value, words], places pixels. */
  function paper(pen, box, heading, across, up, placeX, placeY) {
    const { theme, palette } = look;
    pen.fillStyle = theme.background;
    pen.fillRect(0, 0, box.left + box.width + CHART_MARGIN.right, box.top + box.height + CHART_MARGIN.bottom);
    pen.font = `${palette.font_size}px ${palette.font_family}`;
    pen.fillStyle = theme.ink;
    pen.textAlign = "left";
    pen.textBaseline = "top";
    pen.fillText(heading, 2, 2);
    pen.fillStyle = theme.muted;
    pen.strokeStyle = theme.grid;
    pen.lineWidth = 1;
    pen.beginPath();
    pen.textAlign = "center";
    for (const [value, words] of across) {
      const x = Math.round(placeX(value)) + 0.5;
      pen.moveTo(x, box.top);
      pen.lineTo(x, box.top + box.height);
      // the last number must not be cut off
      pen.fillText(words, Math.min(x, box.left + box.width + CHART_MARGIN.right - pen.measureText(words).width / 2), box.top + box.height + 5);
    }
    pen.textAlign = "right";
    pen.textBaseline = "middle";
    for (const [value, words] of up) {
      const y = Math.round(placeY(value)) + 0.5;
      pen.moveTo(box.left, y);
      pen.lineTo(box.left + box.width, y);
      pen.fillText(words, box.left - 6, y);
    }
    pen.stroke();
    pen.strokeStyle = theme.muted;
    pen.strokeRect(Math.round(box.left) + 0.5, Math.round(box.top) + 0.5, Math.round(box.width), Math.round(box.height));
    pen.beginPath();
    pen.rect(box.left, box.top, box.width, box.height);
    pen.clip();
  }

  const raised = (power) => `10${[...String(power)].map((sign) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(sign)]).join("")}`;

  const distanceLines = remember((paths, steps, ratio, _width, _look) => {
    const { context, box } = frame(distanceCanvas, SHARE * (width - LESS), ratio);
    const placeX = (step) => box.left + (box.width * step) / Math.max(1, steps);
    const placeY = (power) => box.top + (box.height * (DECADES - power)) / (2 * DECADES);
    const lines = chosenPaths(paths, look.chosen).map((path) => {
      const { points } = path;
      const start = Math.hypot(points[0], points[1]) || 1;
      const pixels = new Float32Array(points.length);
      for (let i = 0; i < points.length; i += 2) {
        const power = Math.log10(Math.max(Math.hypot(points[i], points[i + 1]) / start, 1e-30));
        pixels[i] = placeX(i / 2);
        // steep lines would leave the sheet for good; just outside is as good
        pixels[i + 1] = placeY(Math.max(-DECADES - 1, Math.min(DECADES + 1, power)));
      }
      return { path, pixels, look: pathLook(path.style, look) };
    });
    const sheet = drawSheet(distanceCanvas, ratio, (pen) => {
      const powers = Array.from({ length: DECADES + 1 }, (_, i) => 2 * i - DECADES);
      paper(pen, box, look.texts.distance, ticks(0, steps, box.width), powers.map((power) => [power, raised(power)]), placeX, placeY);
      pen.lineWidth = 1;
      for (const { path, look: own } of lines) {
        if (path.factor === null) continue;
        pen.strokeStyle = own.colour;
        pen.beginPath();
        pen.moveTo(placeX(0), placeY(0));
        const slope = Math.log10(Math.max(path.factor, 1e-12));
        const end = Math.min(steps, Math.abs(slope) > 1e-12 ? (2 * DECADES) / Math.abs(slope) : steps);
        pen.lineTo(placeX(end), placeY(slope * end));
        pen.stroke();
      }
    });
    return { context, box, lines, sheet };
  });

  function distance(scene, steps, ratio) {
    const { context, box, lines, sheet } = distanceLines(scene.layers.paths, steps, ratio, width, look);
    stamp(context, sheet);
    grow(context, lines, scene.step, box, ratio, 2.4);
    lines.forEach(({ pixels, look: own }, rank) => {
      const last = Math.min(scene.step, pixels.length / 2 - 1);
      const y = Math.max(box.top, Math.min(box.top + box.height, pixels[2 * last + 1]));
      drawHead(context, own, pixels[2 * last], y, look.theme, rank);
    });
  }

  const circle = remember((paths, ratio, _width, _look) => {
    const { context, box } = frame(circleCanvas, (1 - SHARE) * (width - LESS), ratio);
    const { theme, texts, palette } = look;
    const shown = chosenPaths(paths, look.chosen);
    // of a pair of conjugates one is enough
    const marks = shown.flatMap((path, rank) => path.eigenvalues.filter(([, y]) => y > -1e-9)
      .map((at) => ({ at, rank, look: pathLook(path.style, look) })));
    // the whole circle is small; beside it are the largest ones, in steps of the zoom so that sliders do not shake it
    const largest = shown.flatMap(({ eigenvalues }) => [...eigenvalues].sort((a, b) => Math.hypot(...b) - Math.hypot(...a)).slice(0, 1));
    const reach = ZOOMS.find((zoom) => largest.every(([x, y]) => Math.hypot(x - 1, y) < 1.3 * zoom)) ?? ZOOMS.at(-1);
    const closeUp = { ...box, left: box.left + 0.4 * box.width, width: 0.6 * box.width };
    const whole = { ...box, left: 2, width: closeUp.left - box.left - 8 };
    context.save();
    const zoomed = plane(closeUp, 1 - 0.5 * reach, 0.7 * reach, reach);
    const [low, high] = [zoomed.real(closeUp.left), zoomed.real(closeUp.left + closeUp.width)];
    const top = zoomed.imaginary(closeUp.top);
    paper(context, closeUp, texts.eigenvalues, ticks(low, high, closeUp.width), ticks(0, top, closeUp.height), zoomed.x, zoomed.y);
    disc(context, zoomed, 0);
    for (const { at: [x, y], rank, look: own } of marks)
      if (x > low && y < top) drawHead(context, own, zoomed.x(x), zoomed.y(y), theme, rank);
    context.restore();
    const overview = plane(whole, 0, 0.5, 1.15);
    disc(context, overview, Math.PI);
    context.strokeStyle = theme.muted;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(overview.x(-1.1), Math.round(overview.y(0)) + 0.5);
    context.lineTo(overview.x(1.1), Math.round(overview.y(0)) + 0.5);
    context.stroke();
    for (const { at: [x, y], rank, look: own } of marks)
      if (Math.hypot(x, y) < 1.1) drawHead(context, own, overview.x(x), overview.y(y), theme, rank, 0.6);
    context.strokeStyle = theme.ink;
    context.strokeRect(overview.x(low), overview.y(top), overview.x(high) - overview.x(low), overview.y(0) - overview.y(top));
    context.font = `${palette.font_size}px ${palette.font_family}`;
    context.fillStyle = theme.muted;
    context.textAlign = "center";
    context.textBaseline = "top";
    context.fillText(texts.circle_in, overview.x(0), overview.y(0) + 8);
  });

  /** Places of complex numbers in a box: the middle of it, and the reach to each side of it. */
  function plane(box, real, imaginary, reach) {
    const scale = box.width / (2 * reach);
    const [middleX, middleY] = [box.left + box.width / 2, box.top + box.height / 2];
    return {
      scale,
      x: (value) => middleX + (value - real) * scale,
      y: (value) => middleY - (value - imaginary) * scale,
      real: (x) => real + (x - middleX) / scale,
      imaginary: (y) => imaginary - (y - middleY) / scale,
    };
  }

  /** The unit circle from an angle on, its inside shaded. */
  function disc(context, { x, y, scale }, from) {
    context.beginPath();
    context.arc(x(0), y(0), scale, from, TAU);
    context.closePath();
    context.globalAlpha = 0.07;
    context.fillStyle = look.theme.ink;
    context.fill();
    context.globalAlpha = 1;
    context.strokeStyle = look.theme.ink;
    context.lineWidth = 1.6;
    context.stroke();
  }

  return {
    use: (nextLook) => { look = nextLook; },
    resize: (nextWidth) => { width = nextWidth; },
    paint: (scene, steps) => {
      if (!width) return;
      const ratio = window.devicePixelRatio || 1;
      distance(scene, steps, ratio);
      circle(scene.layers.paths, ratio, width, look);
    },
  };
}

/** The list of paths under the plane: name, mark, what is seen; each is a button, and has a digit. */
function makePathList(list, { texts, toggle }) {
  const rows = new Map();
  return remember((paths, look) => {
    const names = paths.map((path) => path.name);
    if (names.join() !== [...rows.keys()].join()) {
      rows.clear();
      list.replaceChildren(...paths.map((path, i) => {
        const digit = i < 10 ? String((i + 1) % 10) : "";
        const button = element("button", { type: "button", "data-path": path.name });
        const words = element("span", { class: "gan-stage-path-words" });
        button.addEventListener("click", () => toggle(path.name));
        const mark = element("span", { class: "gan-stage-path-mark" });
        button.append(element("kbd", {}, digit), mark, element("span", {}, path.label), words);
        rows.set(path.name, { button, mark, words });
        return button;
      }));
    }
    for (const path of paths) {
      const { button, mark, words } = rows.get(path.name);
      button.setAttribute("aria-pressed", String(look.chosen ? look.chosen.includes(path.name) : path.points.length > 0));
      mark.replaceChildren(pathSwatch(pathLook(path.style, look)));
      if (words.textContent !== path.words) words.textContent = path.words;
      const theory = path.factor === null ? "" : texts.theory.replace("{factor}", path.factor.toFixed(4));
      button.title = theory;
    }
  });
}

function pathSwatch({ colour, marker: kind, dash }) {
  return swatch(32, (context) => {
    context.strokeStyle = context.fillStyle = colour;
    context.lineWidth = 2.2;
    context.setLineDash(dash);
    context.moveTo(1, 8);
    context.lineTo(31, 8);
    context.stroke();
    context.setLineDash([]);
    context.beginPath();
    marker(context, kind, 16, 8, 5);
    context.fill();
  });
}

/** Lets the reader choose the start in the plane: pointer, or arrow keys. `moved` gets what to do next. */
function makeStart({ canvas, painter, model, on, moved, announce, texts }) {
  let held = false;
  const round = (value) => Number(value.toPrecision(4));
  function put(place) {
    model.set("start", place.map(round));
    model.save_changes();
  }
  on(canvas, "pointerdown", (event) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    held = true;
    put(painter.place(event));
    moved("held");
  });
  on(canvas, "pointermove", (event) => { if (held) put(painter.place(event)); });
  for (const end of ["pointerup", "pointercancel"])
    on(canvas, end, () => {
      if (held) moved("released");
      held = false;
      canvas.focus({ preventScroll: true }); // a notebook takes it when its cell is clicked
    });
  on(canvas, "keydown", (event) => {
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    if (!ways[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    put(painter.nudge(model.get("start"), ways[event.key], event.shiftKey ? NUDGE / 5 : NUDGE));
    moved("held");
    announce(`${texts.start} ${model.get("start").map((value) => value.toFixed(2)).join(", ")}`);
  });
  /** A ring around the start. */
  return (context, plot, look) => {
    const [x, y] = model.get("start");
    for (const [colour, weight] of [[look.theme.background, 4.5], [look.theme.ink, 2]]) {
      context.strokeStyle = colour;
      context.lineWidth = weight;
      context.setLineDash([]);
      context.beginPath();
      context.arc(plot.x(x), plot.y(y), 8, 0, TAU);
      context.stroke();
    }
  };
}
