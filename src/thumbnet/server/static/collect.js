// With the visitor's consent, one click on the right digit sends what the model saw.

import { say } from "./language.js";

const LABELS = [..."0123456789"];

const element = (id) => document.getElementById(id);

export class Collecting {
  #sent = new WeakSet(); // digits of which a sample was sent
  #digit = undefined;
  #said = null;

  /**
   * @param {(label: string, seen: string) => Promise} send
   * @param {(error: Error) => {key: string, values: object}} explain why it failed, as words
   */
  constructor(send, explain) {
    this.send = send;
    this.explain = explain;
    this.buttons = LABELS.map((label) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = label;
      button.addEventListener("click", () => this.#take(label));
      return button;
    });
    element("labels").replaceChildren(...this.buttons);
    element("consent").addEventListener("change", () => this.render());
  }

  /** The digit that a click is about; undefined when there is none. */
  set digit(digit) {
    if (digit === this.#digit) return;
    this.#digit = digit;
    this.#said = null;
    this.render();
  }

  render() {
    const isReady = element("consent").checked && this.#digit && !this.#sent.has(this.#digit);
    for (const button of this.buttons) button.disabled = !isReady;
    element("collected").textContent = this.#said?.() ?? "";
  }

  async #take(label) {
    const digit = this.#digit;
    this.#sent.add(digit);
    this.render();
    let said = () => say("collected", { label });
    try {
      await this.send(label, digit.seen);
    } catch (error) {
      this.#sent.delete(digit);
      said = () => say("notCollected", { reason: this.explain(error) });
    }
    if (digit === this.#digit) this.#said = said;
    this.render();
  }
}
