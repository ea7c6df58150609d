// The model, away from the page, so that the pen never waits for an answer.
//
// One thread: more would need headers (cross-origin isolation) that many static hosts cannot send.

import * as ort from "./ort.wasm.bundle.min.js";

const OUTPUTS = ["label", "probability", "probabilities", "refused", "score", "seen"];

let session = null;
let queue = Promise.resolve();

onmessage = ({ data }) => {
  queue = queue.then(() => (data.start ? start() : answer(data)));
};

async function start() {
  try {
    // Fetched here, not by the runtime: for the progress, and because a host that does not know
    // .wasm gives it a type from which browsers do not compile.
    const model = await download("model.onnx");
    ort.env.wasm.wasmBinary = await download("ort-wasm-simd-threaded.wasm");
    ort.env.wasm.numThreads = 1;
    ort.env.logLevel = "error";
    session = await ort.InferenceSession.create(model, { executionProviders: ["wasm"] });
    postMessage({ ready: true });
  } catch (error) {
    postMessage({ failed: reason(error) });
  }
}

async function download(name) {
  const response = await fetch(new URL(name, import.meta.url));
  if (!response.ok) throw new Error(`${name}: ${response.status} ${response.statusText}`);
  const parts = [];
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    postMessage({ received: value.length });
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

async function answer({ id, pixels, height, width, channels }) {
  try {
    const input = new ort.Tensor("uint8", pixels, [1, height, width, channels]);
    const outputs = await session.run({ pixels: input }, OUTPUTS);
    const [, seenHeight, seenWidth, seenChannels = 1] = outputs.seen.dims;
    const result = {
      index: Number(outputs.label.data[0]),
      probability: outputs.probability.data[0],
      probabilities: Array.from(outputs.probabilities.data),
      refused: Boolean(outputs.refused.data[0]),
      score: outputs.score.data[0],
      seen: {
        data: Uint8Array.from(outputs.seen.data),
        height: seenHeight,
        width: seenWidth,
        channels: seenChannels,
      },
    };
    for (const output of Object.values(outputs)) output.dispose();
    postMessage({ id, result });
  } catch (error) {
    postMessage({ id, error: reason(error) });
  }
}

function reason(error) {
  return error instanceof Error ? error.message : String(error);
}
