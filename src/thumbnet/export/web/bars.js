// One row of the bars: a name, a track with its fill, a value.

export function makeRow() {
  const part = (className) => {
    const span = document.createElement("span");
    span.className = className;
    return span;
  };
  const item = document.createElement("li");
  const [name, track, fill, value] = ["name", "track", "fill", "value"].map(part);
  track.append(fill);
  item.append(name, track, value);
  return { item, name, fill, value };
}
