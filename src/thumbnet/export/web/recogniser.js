// The page's side of worker.js: starts it and matches its answers to the questions.

export class Recogniser {
  #worker = null;
  #waiting = new Map();
  #next = 0;

  // ready is fulfilled with the content of model.json; onProgress is given a share in [0, 1].
  constructor(onProgress) {
    this.onProgress = onProgress;
    this.ready = this.#start();
    this.ready.catch(() => {}); // whoever waits for it hears of it
  }

  // pixels: Uint8Array of height × width × channels, in row order; channels is 1 or 3.
  async recognise(pixels, height, width, channels) {
    const sizes = [height, width, channels];
    if (!(pixels instanceof Uint8Array) || !sizes.every((n) => Number.isInteger(n) && n > 0)) {
      throw new TypeError("recognise takes a Uint8Array, its height, width and channels");
    }
    if ((channels !== 1 && channels !== 3) || pixels.length !== height * width * channels) {
      throw new RangeError(`${pixels.length} bytes are not ${height} × ${width} × ${channels}`);
    }
    const copy = pixels.slice(); // it is handed over, and the caller's must stay
    const { class_names: names } = await this.ready;
    const { index, ...result } = await this.#ask({ pixels: copy, height, width, channels });
    return { label: names[index], ...result };
  }

  async #start() {
    const response = await fetch("model.json");
    if (!response.ok) throw new Error(`model.json: ${response.status} ${response.statusText}`);
    const model = await response.json();
    await new Promise((resolve, reject) => {
      let received = 0;
      this.#worker = new Worker("worker.js", { type: "module" });
      this.#worker.onerror = (event) => {
        const error = new Error(event.message || "worker.js could not be run");
        reject(error);
        for (const { reject: refuse } of this.#waiting.values()) refuse(error);
        this.#waiting.clear();
      };
      this.#worker.onmessage = ({ data }) => {
        if (data.ready) resolve();
        else if (data.failed) reject(new Error(data.failed));
        else if (data.received) {
          received += data.received;
          this.onProgress(Math.min(1, received / model.download_bytes));
        } else this.#answered(data);
      };
      this.#worker.postMessage({ start: true });
    });
    return model;
  }

  #ask(question) {
    return new Promise((resolve, reject) => {
      const id = this.#next++;
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, ...question }, [question.pixels.buffer]);
    });
  }

  #answered({ id, result, error }) {
    const { resolve, reject } = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) resolve(result);
    else reject(new Error(error));
  }
}
