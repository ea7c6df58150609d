// A frame with its digit over everything that was read on the paper.

const TAG_SHARE = 0.08; // of the paper: a frame nearer to the top has its tag below

export class Boxes {
  /** onSelect(index) is called when a frame is clicked. */
  constructor(layer, onSelect) {
    this.layer = layer;
    this.onSelect = onSelect;
  }

  /**
   * @param {object|null} reading the server's answer; without frames when null
   * @param {number} selected the index of the digit that is looked at
   * @param {boolean} isPicture then a frame can be clicked; on an empty paper one writes there
   */
  show(reading, selected, isPicture) {
    const digits = reading?.lines.flatMap((line) => line.digits) ?? [];
    // A single drawn digit needs no frame.
    const shown = isPicture || digits.length > 1 ? digits : [];
    this.layer.classList.toggle("clickable", isPicture);
    this.layer.classList.toggle("crowded", shown.length > 12);
    this.layer.replaceChildren(
      ...shown.map((digit, index) => this.#frame(reading, digit, index, index === selected)),
    );
  }

  #frame({ width, height }, digit, index, isSelected) {
    // The paper is a square, the picture lies in its middle.
    const side = Math.max(width, height);
    const [left, top, right, bottom] = digit.box;
    const x = (left + (side - width) / 2) / side;
    const y = (top + (side - height) / 2) / side;
    const tag = document.createElement("span");
    tag.textContent = digit.text;
    const frame = document.createElement("div");
    frame.classList.toggle("selected", isSelected);
    frame.classList.toggle("refused", digit.text === "?");
    frame.classList.toggle("high", y < TAG_SHARE);
    frame.style.left = `${100 * x}%`;
    frame.style.top = `${100 * y}%`;
    frame.style.width = `${(100 * (right - left)) / side}%`;
    frame.style.height = `${(100 * (bottom - top)) / side}%`;
    frame.addEventListener("click", () => this.onSelect(index));
    frame.append(tag);
    return frame;
  }
}
