// Where a trait's index and its interval stand on their scale, and how wide the parts of a comparison are.

const DOUBLINGS = 3; // the scale goes from an eighth of everyone's share to eight times it (12.5 to 800)
const LEAST = 0.02; // of the width: a part with a handful of people is still seen

/** Where an index (TGI, everyone = 100) stands: 0 = 12.5 and below, ½ = 100, 1 = 800 and above; doubling is a step. */
export function indexPlace(index) {
  if (!(index > 0)) return 0;
  const steps = Math.log2(index / 100);
  return 0.5 + Math.max(-DOUBLINGS, Math.min(DOUBLINGS, steps)) / (2 * DOUBLINGS);
}

/** An interval on that scale. */
export function indexSpan({ tgi, tgi_low: low, tgi_high: high }) {
  const left = indexPlace(low);
  return { left, width: indexPlace(high) - left, at: indexPlace(tgi) };
}

/** Shares of a bar for numbers of people that together make it; whoever is there is seen. */
export function partWidths(numbers) {
  const whole = numbers.reduce((sum, n) => sum + n, 0);
  if (whole === 0) return numbers.map(() => 0);
  const raised = numbers.map((n) => (n > 0 ? Math.max(LEAST, n / whole) : 0));
  const sum = raised.reduce((all, share) => all + share, 0);
  return raised.map((share) => share / sum);
}

/** The node that holds for exactly a trait's people: its condition, or a group of them. */
export function nodeOfTrait(trait) {
  if (trait.conditions.length === 1) return trait.conditions[0];
  return { kind: "group", match: "all", children: trait.conditions };
}
