// The answer on the page: all digits that were read, and what the model made of the selected one.

import { makeRow } from "./bars.js";
import { percent, say } from "./language.js";

const CLASSES = [..."0123456789"];

const element = (id) => document.getElementById(id);

export class AnswerView {
  #rows = CLASSES.map(makeRow);

  /** onSelect(index) is called when the visitor chooses another digit. */
  constructor(onSelect) {
    this.onSelect = onSelect;
    this.reading = null;
    this.isBlank = true;
    this.selected = 0;
    element("bars").replaceChildren(...this.#rows.map((row) => row.item));
    element("digits").addEventListener("keydown", (event) => this.#move(event));
  }

  get digits() {
    return this.reading?.lines.flatMap((line) => line.digits) ?? [];
  }

  /** The selected digit; undefined when there is none. */
  get digit() {
    return this.digits[this.selected];
  }

  /** Show a reading as the server gives it, or null when there is none, as of a blank paper. */
  show(reading, isBlank) {
    this.reading = reading;
    this.isBlank = isBlank;
    if (this.digit === undefined) this.selected = 0;
    this.render();
  }

  select(index) {
    this.selected = index;
    this.render();
  }

  render() {
    const { digit } = this;
    this.#renderDigits();
    element("none").hidden = digit !== undefined;
    element("detail").textContent = this.#detail();
    element("diagnosis").replaceChildren(...this.#doubts().map(makeItem));
    this.#renderBars();
    const seen = element("seen");
    seen.hidden = digit === undefined;
    seen.alt = say("seen");
    if (digit) seen.src = `data:image/png;base64,${digit.seen}`;
  }

  // What a screen reader says.
  announce() {
    const { digits } = this;
    const detail = this.#detail();
    let spoken = detail;
    if (this.reading === null) spoken = say("cleared");
    else if (digits.length > 1) {
      const text = digits.map((digit) => digit.text).join(" ");
      spoken = say("spokenDigits", { count: digits.length, text });
    } else if (digits.length === 1 && !isDoubted(digits[0])) {
      spoken = say("spokenDigit", valuesOf(digits[0]));
    }
    element("announcement").textContent = [spoken, ...this.#doubts()].join(". ");
  }

  #detail() {
    const { digit, digits } = this;
    if (this.reading === null) return this.isBlank ? say("nothing") : "";
    if (digit === undefined) return say("noDigits");
    const key = isDoubted(digit) ? "closest" : "sure";
    const values = { ...valuesOf(digit), place: this.selected + 1, count: digits.length };
    return say(digits.length > 1 ? `${key}Of` : key, values);
  }

  #doubts() {
    const found = [...(this.reading?.diagnosis ?? []), ...(this.digit?.diagnosis ?? [])];
    return found.map(({ words }) => words);
  }

  #renderDigits() {
    const group = element("digits");
    const hadFocus = group.contains(document.activeElement);
    const lines = this.reading?.lines ?? [];
    group.hidden = lines.length === 0;
    element("verdict").dataset.size = sizeOf(this.digits.length);
    let index = 0;
    group.replaceChildren(
      ...lines.map((line) => {
        const row = document.createElement("div");
        row.append(...line.digits.map((digit) => this.#button(digit, index++)));
        return row;
      }),
    );
    if (hadFocus) group.querySelector("[aria-checked=true]")?.focus();
  }

  #button(digit, index) {
    const button = document.createElement("button");
    const isSelected = index === this.selected;
    const values = { ...valuesOf(digit), place: index + 1 };
    button.type = "button";
    button.setAttribute("role", "radio");
    button.setAttribute("aria-checked", String(isSelected));
    button.setAttribute("aria-label", say(isDoubted(digit) ? "doubted" : "digit", values));
    button.tabIndex = isSelected ? 0 : -1;
    button.textContent = digit.text;
    button.classList.toggle("refused", isDoubted(digit));
    button.addEventListener("click", () => this.onSelect(index));
    return button;
  }

  // As in any group of radio buttons, the arrows go round.
  #move(event) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const count = this.digits.length;
    this.onSelect((this.selected + step + count) % count);
  }

  #renderBars() {
    const { digit } = this;
    this.#rows.forEach((row, place) => {
      const name = CLASSES[place];
      const share = digit?.probabilities[name] ?? 0;
      row.name.textContent = name;
      row.fill.style.width = `${100 * share}%`;
      row.value.textContent = digit ? percent(share) : "";
      row.item.classList.toggle("top", Boolean(digit) && digit.text === name);
    });
  }
}

function isDoubted(digit) {
  return digit.text === "?";
}

function valuesOf(digit) {
  return { label: digit.label, percent: percent(digit.probability) };
}

function sizeOf(count) {
  if (count <= 1) return "one";
  return count <= 5 ? "few" : "many";
}

function makeItem(words) {
  const item = document.createElement("li");
  item.textContent = words;
  return item;
}
