// The paper: strokes and pictures, undo, and the pixels that the model is given.
//
// Points are in units of the board's side, so a drawing is the same on a phone and on a large screen,
// and so are the pixels: they are painted apart from what is shown.

const PEN = "#000";
const PEN_WIDTH = 0.075; // a digit that fills two thirds of the paper then has MNIST's stroke width
const DRAWING_PX = 336;
const MAX_SHEETS = 8; // each may hold a picture of 4 MB

export class Board {
  // onChange() is called whenever the content has changed.
  constructor(canvas, onChange) {
    this.canvas = canvas;
    this.onChange = onChange;
    this.sheets = [{ picture: null, strokes: [] }];
    this.pointer = null;
    this.hidden = document.createElement("canvas");
    canvas.addEventListener("pointerdown", (event) => this.#start(event));
    canvas.addEventListener("pointermove", (event) => this.#extend(event));
    for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) {
      canvas.addEventListener(name, (event) => this.#end(event));
    }
    new ResizeObserver(() => this.render()).observe(canvas);
  }

  get sheet() {
    return this.sheets[this.sheets.length - 1];
  }

  get isEmpty() {
    return !this.sheet.picture && this.sheet.strokes.length === 0;
  }

  get canUndo() {
    return !this.isEmpty || this.sheets.length > 1;
  }

  undo() {
    if (!this.canUndo) return;
    this.pointer = null;
    if (this.sheet.strokes.length > 0) this.sheet.strokes.pop();
    else if (this.sheets.length > 1) this.sheets.pop();
    else this.sheets = [{ picture: null, strokes: [] }];
    this.#changed();
  }

  clear() {
    if (!this.isEmpty) this.#turnTo(null);
  }

  show(picture) {
    this.#turnTo(picture);
  }

  #turnTo(picture) {
    this.pointer = null;
    const kept = this.isEmpty ? this.sheets.slice(0, -1) : this.sheets;
    this.sheets = [...kept, { picture, strokes: [] }].slice(-MAX_SHEETS);
    this.#changed();
  }

  // Uint8Array in row order: one channel is Pillow's "L", three are red, green, blue.
  pixels(channels) {
    const { picture, strokes } = this.sheet;
    const isPicture = picture && strokes.length === 0;
    // Strokes may lie beside a picture that is not square, so together they are taken as a square.
    const side = picture ? Math.max(picture.width, picture.height) : DRAWING_PX;
    const width = isPicture ? picture.width : side;
    const height = isPicture ? picture.height : side;
    this.hidden.width = width;
    this.hidden.height = height;
    const context = this.hidden.getContext("2d", { willReadFrequently: true });
    context.translate((width - side) / 2, (height - side) / 2);
    paint(context, this.sheet, side);
    const rgba = context.getImageData(0, 0, width, height).data;
    return { pixels: channels === 1 ? grey(rgba) : rgb(rgba), height, width, channels };
  }

  render() {
    const side = Math.max(1, Math.round(this.canvas.clientWidth * window.devicePixelRatio));
    if (this.canvas.width !== side) {
      this.canvas.width = side;
      this.canvas.height = side;
    }
    paint(this.canvas.getContext("2d"), this.sheet, side);
  }

  #start(event) {
    if (this.pointer !== null || event.button !== 0) return;
    this.pointer = event.pointerId;
    this.canvas.setPointerCapture(event.pointerId);
    this.sheet.strokes.push([this.#point(event)]);
    this.#changed();
  }

  #extend(event) {
    if (event.pointerId !== this.pointer) return;
    // All the places since the last frame, where the browser keeps them: a rounder line.
    const events = event.getCoalescedEvents?.() ?? [];
    const stroke = this.sheet.strokes[this.sheet.strokes.length - 1];
    stroke.push(...(events.length ? events : [event]).map((each) => this.#point(each)));
    this.#changed();
  }

  #end(event) {
    if (event.pointerId !== this.pointer) return;
    this.pointer = null;
    this.#changed();
  }

  #point(event) {
    const area = this.canvas.getBoundingClientRect();
    return [(event.clientX - area.left) / area.width, (event.clientY - area.top) / area.height];
  }

  #changed() {
    this.render();
    this.onChange();
  }
}

function paint(context, sheet, side) {
  context.fillStyle = "#fff";
  context.fillRect(-side, -side, 3 * side, 3 * side);
  const { picture, strokes } = sheet;
  if (picture) {
    const scale = side / Math.max(picture.width, picture.height);
    const width = picture.width * scale;
    const height = picture.height * scale;
    context.imageSmoothingEnabled = scale < 3; // the pixels of a thumbnail are to be seen
    context.imageSmoothingQuality = "high";
    context.drawImage(picture, (side - width) / 2, (side - height) / 2, width, height);
  }
  context.strokeStyle = PEN;
  context.lineWidth = PEN_WIDTH * side;
  context.lineCap = "round";
  context.lineJoin = "round";
  for (const stroke of strokes) {
    trace(context, stroke.map(([x, y]) => [x * side, y * side]));
  }
}

// A curve through the middles between the points, which are its handles.
function trace(context, points) {
  const last = points[points.length - 1];
  context.beginPath();
  context.moveTo(...points[0]);
  for (let i = 1; i < points.length - 1; i += 1) {
    const [x, y] = points[i];
    context.quadraticCurveTo(x, y, (x + points[i + 1][0]) / 2, (y + points[i + 1][1]) / 2);
  }
  context.lineTo(...last);
  context.stroke();
}

function grey(rgba) {
  const pixels = new Uint8Array(rgba.length / 4);
  for (let i = 0, j = 0; j < rgba.length; i += 1, j += 4) {
    pixels[i] = (19595 * rgba[j] + 38470 * rgba[j + 1] + 7471 * rgba[j + 2] + 32768) >> 16;
  }
  return pixels;
}

function rgb(rgba) {
  const pixels = new Uint8Array((rgba.length / 4) * 3);
  for (let i = 0, j = 0; j < rgba.length; i += 3, j += 4) {
    pixels.set(rgba.subarray(j, j + 3), i);
  }
  return pixels;
}
