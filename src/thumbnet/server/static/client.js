// The server's side of the conversation, and what its refusals mean to a visitor.

import { keep, recall } from "./memory.js";

const TOKEN = "thumbnet.token";
const TIMEOUT_MS = 30_000;
const PROBLEMS = {
  400: "unreadable",
  401: "needsToken",
  408: "down",
  413: "tooLarge",
  415: "unreadable",
  422: "unreadable",
  429: "busy",
  502: "down",
  503: "busy",
  504: "down",
};

/** A request without an answer. */
export class ServerError extends Error {
  /**
   * @param {string} key of the words for it in words.js
   * @param {string} reason what the server says, in its own words
   * @param {number} wait_s how long the server asks to wait; NaN when it does not say
   */
  constructor(key, reason = "", wait_s = NaN) {
    super(`${key} ${reason}`);
    this.key = key;
    this.reason = reason;
    this.wait_s = wait_s;
  }

  get isPassing() {
    return this.key === "down" || this.key === "busy";
  }

  get isAboutToken() {
    return this.key === "needsToken" || this.key === "wrongToken";
  }
}

/** Every method takes an AbortSignal and throws a ServerError. */
export class Client {
  #token = recall(TOKEN, "sessionStorage");

  set token(token) {
    this.#token = token;
    keep(TOKEN, token, "sessionStorage");
  }

  models(signal) {
    return this.#ask("v1/models", { cache: "no-store" }, signal);
  }

  read(picture, language, signal) {
    const path = `v1/read?seen=true&language=${language}`;
    return this.#ask(path, { method: "POST", body: picture }, signal);
  }

  collect(label, seen, signal) {
    const body = JSON.stringify({ label, consent: true, seen });
    const headers = { "Content-Type": "application/json" };
    return this.#ask("v1/collect", { method: "POST", headers, body }, signal);
  }

  async #ask(path, options, signal) {
    const headers = { ...options.headers };
    if (this.#token) headers.Authorization = `Bearer ${this.#token}`;
    const limited = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
    try {
      const response = await fetch(path, { ...options, headers, signal: limited });
      if (response.ok) return await response.json();
      throw await this.#refusal(response);
    } catch (error) {
      if (error instanceof ServerError || signal.aborted) throw error;
      throw new ServerError("down");
    }
  }

  async #refusal(response) {
    // A proxy before the server may answer with a page of its own.
    const { error } = await response.json().catch(() => ({}));
    const wait_s = parseFloat(response.headers.get("Retry-After"));
    let key = PROBLEMS[response.status] ?? "failed";
    if (key === "needsToken" && this.#token) key = "wrongToken";
    return new ServerError(key, error?.what ?? "", wait_s);
  }
}
