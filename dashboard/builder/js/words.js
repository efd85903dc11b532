// Numbers, shares and sentences in the language of the page.

export function makeWords(texts, language) {
  const whole = new Intl.NumberFormat(language === "zh" ? "zh-CN" : "en", { maximumFractionDigits: 0 });
  const fine = new Intl.NumberFormat(language === "zh" ? "zh-CN" : "en", { maximumFractionDigits: 6 });
  const t = (key, values = {}) => {
    const text = texts[key];
    if (text === undefined) throw new Error(`no text ${key}`);
    return filled(text, values);
  };
  return {
    t,
    language,
    whole: (n) => whole.format(n),
    number: (n) => (typeof n === "number" ? fine.format(n) : String(n)),
    share: (part, base) => shareText(part, base),
    signed: (n) => (n > 0 ? `+${whole.format(n)}` : n < 0 ? `−${whole.format(-n)}` : "±0"),
    list: (items) => items.join(language === "zh" ? "、" : ", "),
  };
}

/** A text with its names replaced; `{n|person|people}` is the first word where the number is one. */
export function filled(text, values) {
  return text.replace(/\{(\w+)(?:\|([^|}]*)\|([^|}]*))?\}/g, (_, name, one, more) => {
    const value = String(values[name] ?? "");
    if (more === undefined) return value;
    return value === "1" ? one : more;
  });
}

/** A share in percent with as many decimals as a small one needs. */
export function shareText(part, base) {
  if (!base) return "—";
  const percent = (100 * part) / base;
  if (percent === 0 || percent === 100) return `${percent} %`;
  const decimals = percent >= 10 ? 1 : percent >= 0.1 ? 2 : 3;
  return `${percent.toFixed(decimals)} %`;
}
