// A distribution as bars: what passes in colour, what does not in grey. The threshold curve draws it anew while a
// handle is dragged.

import { say, shape } from "./dom.js";
import { passingBars } from "./scale.js";

const FIELD_WIDTH = 600;
const FIELD_HEIGHT = 110;

/** @param tipOf what a bar says when it is pointed at */
export function makeDistribution(tipOf) {
  const element = shape("svg", {
    viewBox: `0 0 ${FIELD_WIDTH} ${FIELD_HEIGHT}`,
    preserveAspectRatio: "none",
    class: "distribution",
    "aria-hidden": "true",
  });

  /** One bar, or the part of one that passes. */
  const barOf =
    (name) =>
    ({ bar, x, width, height }) => {
      const tip = say(shape("title", {}), tipOf(bar));
      const drawn = shape("rect", {
        class: name,
        x: x * FIELD_WIDTH,
        width: Math.max(0.5, width * FIELD_WIDTH - 1),
        y: FIELD_HEIGHT * (1 - height),
        height: Math.max(height > 0 ? 1 : 0, height * FIELD_HEIGHT),
      });
      drawn.append(tip);
      return drawn;
    };

  /** The gap by which a bar tells that it goes on above. */
  const gapIn = ({ x, width }) =>
    shape("rect", { class: "cut", x: x * FIELD_WIDTH, width: width * FIELD_WIDTH, y: 9, height: 4 });

  return {
    element,
    /** @param parts what passes, as scale.js gives it */
    draw(bars, parts) {
      const every = passingBars(bars, [[0, 1]]);
      element.replaceChildren(
        ...every.map(barOf("rest")),
        ...passingBars(bars, parts).map(barOf("in")),
        ...every.filter((bar) => bar.isCut).map(gapIn),
      );
    },
  };
}
