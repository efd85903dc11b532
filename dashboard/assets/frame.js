// What only the browser can do for the frame: name the page's language for readers and fonts, keep what was
// chosen in cookies, give dialogs and menus (which lie outside the app) the app's scheme, report a change of it,
// which charts must follow, and let a dialog that asks for a name be typed into at once.

const A_YEAR = 60 * 60 * 24 * 365;
const watched = new WeakMap();

export default function ({ data, parentElement, setStateValue }) {
  document.documentElement.lang = data.language === "zh" ? "zh-CN" : "en";
  keep(data.cookies);

  const app = document.querySelector(".stApp");
  const state = watched.get(parentElement) ?? {};
  state.drawn = data.scheme;
  state.report = () => {
    const shown = getComputedStyle(app).colorScheme === "dark" ? "dark" : "light";
    document.documentElement.style.colorScheme = shown;
    if (shown !== state.drawn) {
      state.drawn = shown;
      setStateValue("scheme", shown);
    }
  };
  if (!state.observer) {
    state.observer = new MutationObserver(() => state.report());
    state.observer.observe(app, { attributes: true, attributeFilter: ["class"] });
    document.addEventListener("focusin", enterDialog);
    watched.set(parentElement, state);
  }
  state.report();
  return () => {
    state.observer.disconnect();
    document.removeEventListener("focusin", enterDialog);
    watched.delete(parentElement);
  };
}

/** A dialog takes the focus when it opens, often before its fields are there; a name in it is what one came for. */
function enterDialog({ target }) {
  if (target.getAttribute?.("role") !== "dialog") return;
  const until = performance.now() + 1000;
  const look = () => {
    if (document.activeElement !== target || performance.now() > until) return;
    const name = target.querySelector(".st-key-type_at_once input:enabled");
    if (name) name.focus({ preventScroll: true });
    else requestAnimationFrame(look);
  };
  look();
}

function keep(cookies) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  for (const [name, value] of Object.entries(cookies)) {
    document.cookie = `${name}=${encodeURIComponent(value)}; Path=/; Max-Age=${A_YEAR}; SameSite=Lax${secure}`;
  }
}
