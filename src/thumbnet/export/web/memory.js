// What the browser keeps for the next visit. Storage may be forbidden (private windows, embedding):
// a choice then lasts as long as the page.

export function recall(name, storage = "localStorage") {
  try {
    return window[storage].getItem(name);
  } catch {
    return null;
  }
}

export function keep(name, value, storage = "localStorage") {
  try {
    window[storage].setItem(name, value);
  } catch {
    // see above
  }
}
