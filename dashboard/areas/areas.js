// Says below a Plotly chart which area or flow was clicked, and links to its people.
// Text reaches the page only through textContent.

const lines = new WeakMap();

export default function ({ parentElement, data }) {
  if (!lines.has(parentElement)) lines.set(parentElement, follow(parentElement.querySelector(".coterie-areas")));
  const line = lines.get(parentElement);
  line.draw(data);
  return () => {
    line.stop();
    lines.delete(parentElement);
  };
}

/** Listen to the areas of a chart for as long as its line is there. */
function follow(element) {
  let data = null;
  let chosen = null;

  function show() {
    const area = data.areas[chosen];
    element.classList.toggle("chosen", Boolean(area));
    if (!area) {
      element.textContent = data.hint;
      return;
    }
    const link = document.createElement("a");
    link.textContent = area.text;
    link.href = area.href;
    link.target = "_self";
    link.title = area.title;
    link.setAttribute("aria-label", area.title);
    element.replaceChildren(area.before, link, area.after);
  }

  /** Choose the area; of a treemap, `false` keeps Plotly from zooming into it. */
  function choose({ points }) {
    chosen = String(points[0].customdata);
    show();
    return false;
  }

  /** Listen anew at each press: Plotly's drawing comes late, and Streamlit may have put another in its place. */
  function listen({ target }) {
    const chart = target.closest?.(`.st-key-${data.chart} .js-plotly-plot`);
    if (!chart) return;
    for (const event of ["plotly_click", "plotly_treemapclick"]) {
      chart.removeListener(event, choose);
      chart.on(event, choose);
    }
  }

  document.addEventListener("pointerdown", listen, true);
  return {
    draw(told) {
      data = told;
      show();
    },
    stop() {
      document.removeEventListener("pointerdown", listen, true);
    },
  };
}
