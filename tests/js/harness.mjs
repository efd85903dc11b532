// The few words that the tests need, for node's runner and for a browser alike.

const isNode = typeof process !== "undefined" && Boolean(process.versions?.node);
const node = isNode ? await import("node:test") : null;
const strict = isNode ? (await import("node:assert/strict")).default : null;

export const results = (globalThis.testResults ??= []);

export function test(name, body) {
  if (node) return node.test(name, body);
  try {
    body();
    results.push({ name, error: null });
  } catch (error) {
    results.push({ name, error: String(error?.stack ?? error) });
  }
  return undefined;
}

function fail(message) {
  throw new Error(message);
}

export const assert = strict ?? {
  ok: (value, message) => value || fail(message ?? "not true"),
  equal: (a, b, message) =>
    Object.is(a, b) || fail(`${message ?? ""} ${JSON.stringify(a)} is not ${JSON.stringify(b)}`),
  deepEqual: (a, b, message) =>
    written(a) === written(b) || fail(`${message ?? ""} ${written(a)} is not ${written(b)}`),
  throws(body) {
    try {
      body();
    } catch {
      return;
    }
    fail("nothing was thrown");
  },
};

/** JSON with the keys in order, in which undefined differs from absent as little as it does to the tests. */
function written(value) {
  return JSON.stringify(value, (_, v) =>
    v && typeof v === "object" && !Array.isArray(v)
      ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1)))
      : v === undefined
        ? null
        : v,
  );
}
