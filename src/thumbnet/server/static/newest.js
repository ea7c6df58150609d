// Asks the newest question only: an older one is given up, and what failed for a while is asked again.

import { ServerError } from "./client.js";

const QUIET_MS = 120; // between two changes of a moving pen: then it is still one question
const RETRIES_S = [1, 2, 4, 8];

export class Newest {
  #timer = 0;
  #controller = null;
  #numFailures = 0;
  #earliest_ms = 0;

  /**
   * @param {(signal: AbortSignal) => Promise} ask finds out itself what is to be asked now
   * @param {{onAnswer: (answer) => void, onProblem: (error: ServerError) => void}} calls
   */
  constructor(ask, { onAnswer, onProblem }) {
    this.ask = ask;
    this.onAnswer = onAnswer;
    this.onProblem = onProblem;
  }

  soon(wait_ms = QUIET_MS) {
    clearTimeout(this.#timer);
    const needed_ms = Math.max(wait_ms, this.#earliest_ms - performance.now());
    this.#timer = setTimeout(() => this.#run(), needed_ms);
  }

  /** Drop what is asked: there is nothing to answer any more. */
  giveUp() {
    this.#controller?.abort();
  }

  async #run() {
    this.giveUp();
    const { signal } = (this.#controller = new AbortController());
    try {
      const answer = await this.ask(signal);
      if (signal.aborted) return;
      this.#numFailures = 0;
      this.onAnswer(answer);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ServerError)) throw error; // a fault of the page: for the console
      this.onProblem(error);
      if (error.isPassing) this.#again(error.wait_s);
    }
  }

  #again(asked_s) {
    const usual_s = RETRIES_S[Math.min(this.#numFailures, RETRIES_S.length - 1)];
    this.#numFailures += 1;
    const wait_ms = 1000 * (asked_s > 0 ? asked_s : usual_s);
    // What is drawn meanwhile waits, too: a busy server shall not be asked more often.
    this.#earliest_ms = performance.now() + wait_ms;
    this.soon(wait_ms);
  }
}
