// The answer on the page: the label, the bars, and what the model saw.

import { makeRow } from "./bars.js";
import { percent, say } from "./language.js";

const MAX_BARS = 10;
const BACKGROUND = { 1: 0, 3: 255 };

const element = (id) => document.getElementById(id);

export class View {
  constructor() {
    this.model = null;
    this.answer = null;
    this.rows = [];
  }

  get isDigits() {
    return this.model !== null && this.model.class_names.every((name) => /^\d$/.test(name));
  }

  setModel(model) {
    this.model = model;
    const count = Math.min(MAX_BARS, model.class_names.length);
    this.rows = Array.from({ length: count }, makeRow);
    element("bars").replaceChildren(...this.rows.map((row) => row.item));
  }

  // answer is null when there is nothing to answer.
  show(answer) {
    this.answer = answer;
    this.render();
  }

  render() {
    const { answer, model } = this;
    element("title").textContent = say(model && !this.isDigits ? "drawAny" : "drawDigit");
    if (model === null) return;
    const version = model.thumbnet_version;
    element("model").textContent = say("model", { version, count: model.class_names.length });
    const { label, detail } = this.#words();
    element("label").textContent = label;
    element("label").classList.toggle("wordy", label.length > 2);
    element("detail").textContent = detail;
    element("verdict").classList.toggle("empty", answer === null);
    element("verdict").classList.toggle("refused", Boolean(answer?.refused));
    this.#renderBars();
    drawSeen(element("seen"), answer?.seen);
  }

  // What a screen reader says.
  announce() {
    const { answer } = this;
    const { label, detail } = this.#words();
    const spoken = answer?.refused
      ? `${label}. ${detail}`
      : answer && say("spoken", { label, percent: percent(answer.probability) });
    element("announcement").textContent = spoken ?? say("cleared");
  }

  #words() {
    const { answer } = this;
    if (answer === null) return { label: "–", detail: say("nothing") };
    const values = { label: answer.label, percent: percent(answer.probability) };
    if (!answer.refused) return { label: answer.label, detail: say("sure", values) };
    const label = say(this.isDigits ? "notDigit" : "notClass");
    return { label, detail: say("closest", values) };
  }

  #renderBars() {
    const { class_names: names } = this.model;
    const values = this.answer?.probabilities ?? names.map(() => 0);
    let shown = names.map((_, index) => index);
    if (names.length > MAX_BARS) {
      shown = shown.sort((a, b) => values[b] - values[a]).slice(0, MAX_BARS);
    }
    this.rows.forEach((row, place) => {
      const index = shown[place];
      const isTop = this.answer !== null && names[index] === this.answer.label;
      row.name.textContent = names[index];
      row.fill.style.width = `${100 * values[index]}%`;
      row.value.textContent = this.answer === null ? "" : percent(values[index]);
      row.item.classList.toggle("top", isTop && !this.answer.refused);
    });
  }
}

function drawSeen(canvas, seen) {
  canvas.classList.toggle("empty", !seen);
  const { width, height, channels, data } = seen ?? { width: 28, height: 28, channels: 1 };
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  image.data.fill(BACKGROUND[channels]);
  for (let i = 0; data && i < width * height; i += 1) {
    for (let channel = 0; channel < 3; channel += 1) {
      image.data[4 * i + channel] = data[channels === 1 ? i : 3 * i + channel];
    }
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}
