// What only the browser can do for the frame: name the page's language, and keep what was chosen in cookies.

const A_YEAR = 60 * 60 * 24 * 365;

export default function ({ data }) {
  document.documentElement.lang = data.language === "zh" ? "zh-CN" : "en";
  const secure = location.protocol === "https:" ? "; Secure" : "";
  for (const [name, value] of Object.entries(data.cookies)) {
    document.cookie = `${name}=${encodeURIComponent(value)}; Path=/; Max-Age=${A_YEAR}; SameSite=Lax${secure}`;
  }
}
