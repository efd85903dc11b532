// A histogram with edges that are dragged by pointer or moved by arrow keys. What is left goes back as state.
// Text reaches the page only through textContent.

const DAY = 86_400_000;

/** One number or day as people read it. */
function shown(value, dates) {
  if (dates) return new Date(value * DAY).toISOString().slice(0, 10);
  return Number(value.toPrecision(10)).toLocaleString("en-US", { maximumFractionDigits: 6 });
}

export default function histogram({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".coterie-edges");
  const { bins, dates, step, label } = data;
  const low = bins.length ? bins[0].low : 0;
  const high = bins.length ? bins[bins.length - 1].high : 1;
  const span = high - low || 1;
  const most = Math.max(1, ...bins.map((bin) => bin.users));
  let edges = [...data.edges];

  const plot = document.createElement("div");
  plot.className = "plot";
  for (const bin of bins) {
    const bar = document.createElement("div");
    bar.className = "bar";
    bar.style.left = `${((bin.low - low) / span) * 100}%`;
    bar.style.width = `calc(${((bin.high - bin.low) / span) * 100}% - 1px)`;
    bar.style.height = `${(bin.users / most) * 100}%`;
    bar.title = `${shown(bin.low, dates)} – ${shown(bin.high, dates)}: ${bin.users.toLocaleString("en-US")}`;
    plot.append(bar);
  }
  const ends = document.createElement("div");
  ends.className = "ends";
  for (const end of [low, high]) {
    const text = document.createElement("span");
    text.textContent = shown(end, dates);
    ends.append(text);
  }

  /** Keep an edge between its neighbours and on the grid. */
  function fitted(place, wanted) {
    const least = place > 0 ? edges[place - 1] + step : low;
    const largest = place + 1 < edges.length ? edges[place + 1] - step : high;
    const onGrid = Math.round(wanted / step) * step;
    return Number(Math.min(largest, Math.max(least, onGrid)).toPrecision(12));
  }

  const handles = edges.map((_, place) => {
    const handle = document.createElement("button");
    handle.className = "edge";
    handle.type = "button";
    handle.setAttribute("role", "slider");
    handle.setAttribute("aria-label", label.replace("{n}", String(place + 1)));
    const text = document.createElement("span");
    handle.append(text);
    handle.addEventListener("keydown", (event) => {
      const far = event.shiftKey ? 10 : 1;
      const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
      if (!by) return;
      event.preventDefault();
      move(place, edges[place] + by * far * step);
      tell();
    });
    handle.addEventListener("pointerdown", (event) => {
      handle.setPointerCapture(event.pointerId);
      handle.dataset.held = "true";
    });
    handle.addEventListener("pointermove", (event) => {
      if (!handle.dataset.held) return;
      const box = plot.getBoundingClientRect();
      move(place, low + ((event.clientX - box.left) / box.width) * span);
    });
    for (const end of ["pointerup", "pointercancel"]) {
      handle.addEventListener(end, () => {
        if (!handle.dataset.held) return;
        delete handle.dataset.held;
        tell();
      });
    }
    plot.append(handle);
    return handle;
  });

  function place(index) {
    const handle = handles[index];
    handle.style.left = `${((edges[index] - low) / span) * 100}%`;
    handle.querySelector("span").textContent = shown(edges[index], dates);
    handle.setAttribute("aria-valuenow", String(edges[index]));
    handle.setAttribute("aria-valuetext", shown(edges[index], dates));
    handle.setAttribute("aria-valuemin", String(low));
    handle.setAttribute("aria-valuemax", String(high));
  }

  function move(index, wanted) {
    edges[index] = fitted(index, wanted);
    place(index);
  }

  let waiting = 0;
  /** A held key sends once it rests. */
  function tell() {
    clearTimeout(waiting);
    waiting = setTimeout(() => setStateValue("edges", [...edges]), 150);
  }

  const active = root.querySelector(".edge:focus, .edge:focus-visible");
  const focused = active ? [...root.querySelectorAll(".edge")].indexOf(active) : -1;
  root.replaceChildren(plot, ends);
  handles.forEach((_, index) => place(index));
  if (focused >= 0 && handles[focused]) handles[focused].focus();
}
